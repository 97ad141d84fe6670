"""The mirroring controller: Endpoints that a person made for a service without a selector, as
EndpointSlices, which is what the service proxy and the mesh read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from tutorial.sandbox.controllers.controller import Controller, key_of
from tutorial.sandbox.controllers.endpoints import ENDPOINTS_MANAGED_BY, TRIGGER_TIME
from tutorial.sandbox.controllers.ownership import is_terminating
from tutorial.sandbox.controllers.queue import Key
from tutorial.sandbox.controllers.slices import MANAGED_BY, SERVICE_NAME, SliceSet
from tutorial.sandbox.ports import Change, Object
from tutorial.sandbox.resources import ENDPOINT_SLICE, ENDPOINTS, SERVICE, ResourceType

MANAGER = "endpointslicemirroring-controller.k8s.io"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SKIP = "endpointslice.kubernetes.io/skip-mirror"


class MirroringController(Controller):
    """Follows Endpoints, the services of the same name, and its own slices."""

    watches = (ENDPOINTS, SERVICE, ENDPOINT_SLICE)

    def keys(self, resource: ResourceType, change: Change) -> Iterable[Key]:
        if resource is not ENDPOINT_SLICE:
            return [key_of(change.object)]
        metadata = change.object["metadata"]
        labels = metadata.get("labels", {})
        if change.type == "DELETED" and labels.get(MANAGED_BY) == MANAGER and SERVICE_NAME in labels:
            return [Key(metadata["namespace"], labels[SERVICE_NAME])]
        return []

    def reconcile(self, key: Key) -> float | None:
        endpoints, service = self.find(ENDPOINTS, key), self.find(SERVICE, key)
        slices = SliceSet(self.objects, MANAGER, key.namespace, key.name)
        if endpoints is None or service is None or not _is_mirrored(endpoints, service):
            slices.clear()
        else:
            labels = endpoints["metadata"].get("labels", {})
            slices.reconcile(ENDPOINTS, endpoints, labels, _contents(endpoints), _annotations(endpoints))
        return None


def _is_mirrored(endpoints: Object, service: Object) -> bool:
    labels = endpoints["metadata"].get("labels", {})
    return (
        not service["spec"].get("selector")
        and labels.get(_SKIP) != "true"
        and ENDPOINTS_MANAGED_BY not in labels
        and not is_terminating(endpoints)
    )


def _annotations(endpoints: Object) -> dict[str, str]:
    """What the slices say as well: all but what is the Endpoints' own."""
    present = endpoints["metadata"].get("annotations", {})
    return {name: value for name, value in present.items() if name not in (TRIGGER_TIME, _LAST_APPLIED)}


def _contents(endpoints: Object) -> list[dict[str, Any]]:
    """One slice for each subset and address family."""
    contents = []
    for subset in endpoints.get("subsets", ()):
        ports = [{"name": "", **port} for port in subset.get("ports", ())]
        for family in ("IPv4", "IPv6"):
            found = [
                _endpoint(address, ready)
                for part, ready in (("addresses", True), ("notReadyAddresses", False))
                for address in subset.get(part, ())
                if _family(address["ip"]) == family
            ]
            if found:
                contents.append({"addressType": family, "endpoints": found, "ports": ports})
    return contents


def _family(address: str) -> str:
    return f"IPv{ipaddress.ip_address(address).version}"


def _endpoint(address: dict[str, Any], ready: bool) -> dict[str, Any]:
    endpoint: dict[str, Any] = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
    for name in ("hostname", "nodeName", "targetRef"):
        if name in address:
            endpoint[name] = address[name]
    return endpoint
