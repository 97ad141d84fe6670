"""Looks at a cluster: every question at once, over a few connections, so that distance costs little.

Called by `tutorial.preflight.check`. What may not be looked at is noted, not an error.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from tutorial.backends.discovery import Resource
from tutorial.errors import ClusterAwayError
from tutorial.preflight.client import KubernetesClient
from tutorial.preflight.connections import CONNECTIONS
from tutorial.preflight.left_probes import PROBE_SELECTOR
from tutorial.preflight.outbound import REGISTRY_ONLY, ROOT_NAMESPACE, effective_policies
from tutorial.preflight.requirements import Requirements
from tutorial.preflight.survey import Look, Mesh, Program, Review, Survey
from tutorial.steps.kubectl_calls import ALL_NAMESPACES, Request

_PROGRAM_SECONDS = 10.0
_GIT_VERSION = re.compile(r"v?(\d+\.\d+\.\d+)")
_TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"
_MANY_NODES = 500

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


def take_survey(
    client: KubernetesClient,
    requirements: Requirements,
    facts: Mapping[str, str],
    *,
    search_path: str,
    objects: bool,
) -> Survey:
    """Ask everything that the checks want to know.

    Args:
        facts: what `when` asks of this cluster.
        search_path: where programs are looked for, as PATH.
        objects: look, too, for the objects that the steps will create, and for what probes have left.

    Raises:
        ClusterAwayError: the API server does not answer.
        NotReadyError: it does not say what it serves.
    """
    names = requirements.namespaces
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        ask = _Asker(client, pool)
        kubectl = pool.submit(_kubectl, search_path)
        served = client.served()
        user = pool.submit(_user, client)
        namespaces = {name: ask.look("namespace", None, name) for name in names}
        reviews = {each: pool.submit(_review, client, each) for each in requirements.requests}
        quotas = {name: ask.look("resourcequota", name) for name in names}
        limit_ranges = {name: ask.look("limitrange", name) for name in names}
        created = requirements.creates if objects else ()
        probed = names if objects else ()
        probes = {name: ask.look("pods", name, labels=PROBE_SELECTOR) for name in probed}
        present = {each: ask.look(each.kind, each.namespace, each.name) for each in created}
        return Survey(
            facts=facts,
            served=served,
            mesh=_look_at_mesh(ask, requirements, search_path) if requirements.sidecars else None,
            user=user.result(),
            kubectl=kubectl.result(),
            namespaces=_results(namespaces),
            reviews=_results(reviews),
            quotas=_results(quotas),
            limit_ranges=_results(limit_ranges),
            present=_results(present),
            probes=_results(probes),
        )


class _Asker:
    """Sends look-ups to the threads."""

    def __init__(self, client: KubernetesClient, pool: ThreadPoolExecutor) -> None:
        self.client = client
        self.pool = pool

    def look(self, kind: str, namespace: str | None = None, name: str = "", labels: str = "") -> Future[Look]:
        return self.pool.submit(self.client.look, kind, namespace, name, labels=labels)


def _look_at_mesh(ask: _Asker, requirements: Requirements, search_path: str) -> Mesh:
    with_sidecar = [name for name, sidecar in requirements.sidecars.items() if sidecar != "none"]
    istiod = ask.look("deployment.apps", ROOT_NAMESPACE, labels="app=istiod")
    injectors = ask.look("mutatingwebhookconfiguration", labels="app=sidecar-injector")
    config = ask.look("configmap", ROOT_NAMESPACE, "istio")
    cni = ask.look("daemonset.apps", labels="k8s-app=istio-cni-node")
    kubelets = ask.pool.submit(_kubelets, ask.client)
    scopes = {name: ask.look("sidecar.networking.istio.io", name) for name in (*with_sidecar, ROOT_NAMESPACE)}
    mesh = Mesh(
        istiod=istiod.result(),
        injectors=injectors.result(),
        config=config.result(),
        cni=cni.result(),
        kubelets=kubelets.result(),
        sidecar_resources=_results(scopes),
        istioctl=Program(shutil.which("istioctl", path=search_path) or ""),
    )
    policies = effective_policies(requirements, mesh).values()
    if any(policy.mode == REGISTRY_ONLY for policy in policies):
        return replace(mesh, service_entries=ask.look("serviceentry.networking.istio.io").result())
    return mesh


def _results(futures: Mapping[Key, Future[Answer]]) -> dict[Key, Answer]:
    return {key: future.result() for key, future in futures.items()}


def _review(client: KubernetesClient, request: Request) -> Review:
    resource = client.find(request.resource)
    if resource is None:
        return Review(None, "the server does not know this kind")
    return client.review(
        request.verb, resource, _place_of(request, resource), request.name, request.subresource
    )


def _place_of(request: Request, resource: Resource) -> str:
    """The namespace in which a role may allow the request, empty where only the cluster's may. The API
    server takes a namespace that exists for one that is in itself."""
    if resource.kind == "Namespace" and request.verb != "create":
        return request.name
    return "" if request.namespace == ALL_NAMESPACES or not resource.namespaced else request.namespace


def _user(client: KubernetesClient) -> str:
    """Who the server takes us for; empty when it does not say (Kubernetes before 1.28)."""
    kind = client.find("selfsubjectreview.authentication.k8s.io")
    if kind is None:
        return ""
    body = {"apiVersion": kind.api_version, "kind": kind.kind}
    try:
        answer = client.request("POST", kind.path(), body).json()
    except ClusterAwayError:
        return ""
    return str(((answer.get("status") or {}).get("userInfo") or {}).get("username", ""))


def _kubelets(client: KubernetesClient) -> tuple[str, ...]:
    """The versions of the nodes' kubelets, from kubectl's own table of them, which is small; none when
    they may not be seen."""
    path = f"/api/v1/nodes?limit={_MANY_NODES}&includeObject=None"
    try:
        answer = client.request("GET", path, accept=_TABLE).json()
    except ClusterAwayError:
        return ()
    titles = [str(each.get("name")) for each in answer.get("columnDefinitions") or ()]
    if "Version" not in titles:
        return ()
    at = titles.index("Version")
    return tuple(str(row["cells"][at]) for row in answer.get("rows") or ())


def _kubectl(search_path: str) -> Program:
    """The kubectl that commands find there, and its version."""
    path = shutil.which("kubectl", path=search_path)
    if path is None:
        return Program(trouble="it was not found")
    try:
        done = subprocess.run(
            [path, "version", "--client", "-o", "json"],
            env={**os.environ, "KUBERC": "off"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROGRAM_SECONDS,
            check=False,
        )
        version = _GIT_VERSION.search(json.loads(done.stdout)["clientVersion"]["gitVersion"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        return Program(path, trouble=f"it does not tell its version ({type(error).__name__})")
    return Program(path, version[1] if version else "")
