"""What the server warns of in an object that it accepts. Called through `Schemas.advice`.

Source of the rules and words: the warnings of Kubernetes 1.36 for Services, pods and metadata.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import DEPLOYMENT, ENDPOINT_SLICE, POD, REPLICA_SET, SERVICE, ResourceType

_HINTS = "service.kubernetes.io/topology-aware-hints"
_TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
_NAMED_FINALIZERS = ("foregroundDeletion", "orphan", "kubernetes")


def advice(resource: ResourceType, obj: Object) -> Iterator[str]:
    """The warnings about one object."""
    if resource.custom:
        yield from _finalizers(obj)
    if resource == SERVICE:
        yield from _service(obj)
    elif resource == ENDPOINT_SLICE and obj.get("addressType") == "FQDN":
        yield "addressType: FQDN endpoints are deprecated"
    elif resource == POD:
        yield from _pod("spec", obj["spec"])
    elif resource in (DEPLOYMENT, REPLICA_SET):
        yield from _pod("spec.template.spec", obj["spec"]["template"]["spec"])


def _finalizers(obj: Object) -> Iterator[str]:
    for finalizer in obj["metadata"].get("finalizers", ()):
        if "/" not in finalizer and finalizer not in _NAMED_FINALIZERS:
            yield (
                f'metadata.finalizers: "{finalizer}": prefer a domain-qualified finalizer name including a '
                "path (/) to avoid accidental conflicts with other finalizer writers"
            )


def _service(service: Object) -> Iterator[str]:
    spec = service["spec"]
    kind = spec["type"]
    if _HINTS in service["metadata"].get("annotations", {}):
        yield f"annotation {_HINTS} is deprecated, please use {_TOPOLOGY_MODE} instead"
    if kind == "ClusterIP" and spec.get("clusterIP") == "None":
        for field in ("loadBalancerIP", "externalIPs"):
            if spec.get(field):
                yield f"spec.{field} is ignored for headless services"
        if spec["sessionAffinity"] != "None":
            yield "spec.SessionAffinity is ignored for headless services"
    if kind == "ExternalName" and spec.get("externalIPs"):
        yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    if kind != "ExternalName" and spec.get("externalName"):
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'


def _pod(field: str, spec: dict[str, Any]) -> Iterator[str]:
    for part in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(part, ())):
            yield from _environment(f"{field}.{part}[{index}]", container)
    yield from _ports(field, spec)
    grace = spec.get("terminationGracePeriodSeconds", 0)
    if grace < 0:
        yield (
            f"{field}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be "
            "treated as 1"
        )


def _environment(field: str, container: dict[str, Any]) -> Iterator[str]:
    seen: set[str] = set()
    for index, variable in enumerate(container.get("env", ())):
        name = variable["name"]
        if name in seen:
            yield (
                f'{field}.env[{index}]: hides previous definition of "{name}", which may be dropped when '
                "using apply"
            )
        seen.add(name)


def _ports(field: str, spec: dict[str, Any]) -> Iterator[str]:
    places: dict[tuple[int, str], str] = {}
    for number, container in enumerate(spec.get("containers", ())):
        for index, port in enumerate(container.get("ports", ())):
            place = f"{field}.containers[{number}].ports[{index}]"
            key = (port["containerPort"], port.get("protocol", "TCP"))
            if key in places:
                yield f"{place}: duplicate port definition with {places[key]}"
            places.setdefault(key, place)
