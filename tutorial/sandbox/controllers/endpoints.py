"""The endpoint controller: the pods behind each service with a selector, as EndpointSlices and as
Endpoints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tutorial.sandbox.controllers import pods
from tutorial.sandbox.controllers.controller import Controller, key_of
from tutorial.sandbox.controllers.ownership import is_terminating
from tutorial.sandbox.controllers.queue import Key
from tutorial.sandbox.controllers.slices import SERVICE_NAME, SliceSet
from tutorial.sandbox.ports import Change, Object
from tutorial.sandbox.resources import ENDPOINT_SLICE, ENDPOINTS, POD, SERVICE, ResourceType

MANAGER = "endpointslice-controller.k8s.io"
ENDPOINTS_MANAGED_BY = "endpoints.kubernetes.io/managed-by"
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
_HEADLESS = "service.kubernetes.io/headless"


class EndpointController(Controller):
    """Follows services and pods. A service without a selector is left to the mirroring controller."""

    watches = (SERVICE, POD, ENDPOINT_SLICE)

    def keys(self, resource: ResourceType, change: Change) -> Iterable[Key]:
        if resource is SERVICE:
            return [key_of(change.object)]
        metadata = change.object["metadata"]
        if resource is ENDPOINT_SLICE:
            service = metadata.get("labels", {}).get(SERVICE_NAME)
            return [Key(metadata["namespace"], service)] if service and change.type == "DELETED" else []
        return [
            key_of(service)
            for service in self.objects.list(SERVICE, metadata["namespace"])
            if service["spec"].get("selector")
        ]

    def reconcile(self, key: Key) -> float | None:
        service = self.find(SERVICE, key)
        slices = SliceSet(self.objects, MANAGER, key.namespace, key.name)
        selector = service["spec"].get("selector") if service else None
        if service is None or not selector or service["spec"].get("type") == "ExternalName":
            slices.clear()
            return None
        if is_terminating(service):
            return None
        own = [pod for pod in self.objects.list(POD, key.namespace, selector) if _has_address(pod)]
        groups = _by_ports(service, own)
        contents = [_content(service, ports, group) for ports, group in groups]
        triggered = {TRIGGER_TIME: _last_change(service, own)}
        slices.reconcile(SERVICE, service, _labels(service), contents, triggered)
        self._write_endpoints(service, groups, triggered)
        return None

    def _write_endpoints(self, service: Object, groups: Sequence[Group], annotations: dict[str, str]) -> None:
        metadata = service["metadata"]
        labels = {**metadata.get("labels", {}), ENDPOINTS_MANAGED_BY: "endpoint-controller"}
        if service["spec"].get("clusterIP") == "None":
            labels[_HEADLESS] = ""
        subsets = [subset for ports, group in groups if (subset := _subset(service, ports, group))]
        wanted = {
            "metadata": {
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "labels": labels,
                "annotations": annotations,
            }
        }
        present = self.find(ENDPOINTS, key_of(service))
        if present is None:
            self.objects.create(ENDPOINTS, metadata["namespace"], {**wanted, "subsets": subsets})
        elif present.get("subsets", []) != subsets or present["metadata"].get("labels") != labels:
            noted = {**present["metadata"].get("annotations", {}), **annotations}
            metadata = {**present["metadata"], "labels": labels, "annotations": noted}
            changed = {**present, "metadata": metadata}
            self.objects.update(ENDPOINTS, {**changed, "subsets": subsets})


Ports = list[dict[str, Any]]
Group = tuple[Ports, list[Object]]
"""Pods that serve a service on the same port numbers, and these."""


def _has_address(pod: Object) -> bool:
    return bool(pod.get("status", {}).get("podIP")) and not pods.has_ended(pod)


def _last_change(service: Object, own: Sequence[Object]) -> str:
    """When what the endpoints come from changed last: the service was made, or a pod became ready."""
    made: str = service["metadata"]["creationTimestamp"]
    return max([made, *filter(None, map(pods.ready_since, own))])


def _labels(service: Object) -> dict[str, str]:
    labels = dict(service["metadata"].get("labels", {}))
    if service["spec"].get("clusterIP") == "None":
        labels[_HEADLESS] = ""
    return labels


def _by_ports(service: Object, own: Sequence[Object]) -> list[Group]:
    """A port that is named may have another number in each pod."""
    groups: list[Group] = []
    for pod in own:
        ports = _ports(service, pod)
        for known, group in groups:
            if known == ports:
                group.append(pod)
                break
        else:
            groups.append((ports, [pod]))
    return groups or [([], [])]


def _ports(service: Object, pod: Object) -> Ports:
    found = []
    for port in service["spec"].get("ports", ()):
        number = port["targetPort"]
        if isinstance(number, str):
            number = _named_port(pod, number, port["protocol"])
        if number:
            entry = {"name": port.get("name", ""), "port": number, "protocol": port["protocol"]}
            found.append(entry | ({"appProtocol": port["appProtocol"]} if "appProtocol" in port else {}))
    return found


def _named_port(pod: Object, name: str, protocol: str) -> int | None:
    for container in (*pod["spec"].get("containers", ()), *pod["spec"].get("initContainers", ())):
        for port in container.get("ports", ()):
            if port.get("name") == name and port.get("protocol", "TCP") == protocol:
                return int(port["containerPort"])
    return None


def _content(service: Object, ports: Ports, group: list[Object]) -> dict[str, Any]:
    early = bool(service["spec"].get("publishNotReadyAddresses"))
    return {"addressType": "IPv4", "endpoints": [_endpoint(pod, early) for pod in group], "ports": ports}


def _endpoint(pod: Object, early: bool) -> dict[str, Any]:
    serving, ending = pods.is_ready(pod), is_terminating(pod)
    endpoint: dict[str, Any] = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": early or (serving and not ending), "serving": serving, "terminating": ending},
        "targetRef": _target(pod),
    }
    if pod["spec"].get("nodeName"):
        endpoint["nodeName"] = pod["spec"]["nodeName"]
    return endpoint


def _target(pod: Object) -> dict[str, str]:
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
    }


def _subset(service: Object, ports: Ports, group: list[Object]) -> dict[str, Any] | None:
    """The same pods as an Endpoints object lists them; those that go are left out."""
    early = bool(service["spec"].get("publishNotReadyAddresses"))
    subset: dict[str, Any] = {}
    for pod in group:
        if is_terminating(pod) and not early:
            continue
        address = {"ip": pod["status"]["podIP"], "targetRef": _target(pod)}
        if pod["spec"].get("nodeName"):
            address["nodeName"] = pod["spec"]["nodeName"]
        part = "addresses" if early or pods.is_ready(pod) else "notReadyAddresses"
        subset.setdefault(part, []).append(address)
    if subset and ports:
        subset["ports"] = [{name: value for name, value in port.items() if value} for port in ports]
    return subset or None
