"""Requirements and surveys for the tests of the checks."""

from __future__ import annotations

from typing import Any

from tutorial.backends.discovery import Resource, Served
from tutorial.preflight.place import Place
from tutorial.preflight.requirements import Question, Requirements
from tutorial.preflight.survey import Look, Mesh, Survey
from tutorial.preflight.workloads import Workload

PLACE = Place("kind")
FACTS = {"backend": "cluster", "kubernetes": "1.36", "istio": "1.31.0", "istio_api": "v1", "mesh": "sidecar"}


def resource(kind: str, plural: str, group: str = "", *short: str, namespaced: bool = True) -> Resource:
    return Resource(group, "v1", kind, plural, kind.lower(), namespaced, frozenset({"get", "list"}), short)


SERVED = Served(
    (
        resource("Namespace", "namespaces", namespaced=False),
        resource("Pod", "pods"),
        resource("Service", "services", "", "svc"),
        resource("Endpoints", "endpoints"),
        resource("Deployment", "deployments", "apps"),
        resource("DestinationRule", "destinationrules", "networking.istio.io"),
    )
)


def workload(namespace: str = "default", **spec: Any) -> Workload:
    """A deployment of one pod; `labels` and `annotations` are the pod's."""
    metadata = {name: spec.pop(name) for name in ("labels", "annotations") if name in spec}
    spec.setdefault("containers", [{"name": "sleep", "image": "curl"}])
    return Workload(namespace, "deployment", "sleep", {"metadata": metadata, "spec": spec})


def requirements(**fields: Any) -> Requirements:
    fields.setdefault("workloads", (workload(), workload("plain")))
    fields.setdefault("sidecars", {"default": "automatic", "plain": "none"})
    fields.setdefault("outside", (Question("httpbin.org", "curl httpbin.org", "httpbin.org"),))
    return Requirements(fields.pop("namespace", "default"), **fields)


def named(
    name: str, namespace: str = "", labels: dict[str, str] | None = None, **parts: Any
) -> dict[str, Any]:
    """An object as the server sends it."""
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": labels or {}}
    return {"metadata": metadata, **parts}


def look(*items: dict[str, Any], refused: str = "") -> Look:
    return Look(items, refused)


def survey(mesh: Mesh | None = None, **fields: Any) -> Survey:
    """A healthy cluster with the namespace `default`, labelled for injection."""
    fields.setdefault("facts", FACTS)
    fields.setdefault("served", SERVED)
    labelled = {"default": {"istio-injection": "enabled"}}
    labels = fields.pop("labels", labelled)
    fields.setdefault(
        "namespaces",
        {"default": look(), "plain": look()}
        | {name: look(named(name, labels=given)) for name, given in labels.items()},
    )
    return Survey(mesh=mesh or Mesh(), **fields)
