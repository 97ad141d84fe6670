"""What the node does not do for a pod: told by an event when the pod starts, so that nothing is
ignored in silence. Called by `pod_worker`."""

from __future__ import annotations

from collections.abc import Iterator

from tutorial.sandbox.ports import Object

_POD_FIELDS = (
    *("dnsConfig", "hostAliases", "hostIPC", "hostNetwork", "hostPID"),
    *("runtimeClassName", "securityContext", "subdomain"),
)
_CONTAINER_FIELDS = ("lifecycle", "securityContext", "volumeDevices")
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_MESH_CONTAINERS = ("istio-init", "istio-proxy")


def ignored_fields(pod: Object) -> list[str]:
    """The paths of the fields that a pod sets and that change nothing here. What is asked for the
    mesh's own containers is left out: they run otherwise than in a cluster anyway."""
    return list(_ignored(pod["spec"]))


def _ignored(spec: Object) -> Iterator[str]:
    yield from (f"spec.{name}" for name in _POD_FIELDS if spec.get(name))
    for part in ("initContainers", "containers"):
        for container in spec.get(part, ()):
            if container["name"] in _MESH_CONTAINERS:
                continue
            place = f"spec.{part}{{{container['name']}}}"
            yield from (f"{place}.{name}" for name in _CONTAINER_FIELDS if container.get(name))
            yield from (f"{place}.{name}" for name in _PROBES if "grpc" in container.get(name, {}))
            if container.get("resources", {}).get("limits"):
                yield f"{place}.resources.limits"
