"""Checks of Services, in the order of the server's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.errors import (
    FieldError,
    duplicate,
    forbidden,
    invalid_value,
    required,
    unsupported,
)
from tutorial.sandbox.schemas.semantics import names

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")
_MAX_AFFINITY_SECONDS = 86400
_NOT_FOR_EXTERNAL_NAMES = ("clusterIPs", "ipFamilies", "ipFamilyPolicy")


def validate(service: Object) -> Iterator[FieldError]:
    """The faults of a Service with defaults and addresses."""
    spec = service.get("spec", {})
    ports: Sequence[dict[str, Any]] = spec.get("ports", ())
    headless = spec.get("clusterIP") == "None"
    if not ports and not headless and spec.get("type") != "ExternalName":
        yield required("spec.ports")
    if spec.get("type") == "ExternalName":
        yield from _external_name(spec)
    yield from _ports(ports)
    yield from names.labels("spec.selector", spec.get("selector", {}))
    yield from _affinity(spec)
    yield from _cluster_ips(spec)
    for index, address in enumerate(spec.get("externalIPs", ())):
        field = f"spec.externalIPs[{index}]"
        yield from names.unusual_address(field, address)
    if spec.get("type") not in _TYPES:
        yield unsupported("spec.type", spec.get("type"), _TYPES)
    yield from _node_ports(spec, ports)
    yield from _same_ports(ports)
    if spec.get("externalTrafficPolicy") and spec.get("type") not in ("NodePort", "LoadBalancer"):
        detail = "may only be set for externally-accessible services"
        yield invalid_value("spec.externalTrafficPolicy", spec["externalTrafficPolicy"], detail)


def validate_update(old: Object, new: Object) -> Iterator[FieldError]:
    """What may not change: the cluster IP, as long as there is one."""
    before, after = old.get("spec", {}), new.get("spec", {})
    if "ExternalName" in (before.get("type"), after.get("type")):
        return
    given = before.get("clusterIPs", ())
    if given and after.get("clusterIPs", ())[:1] != given[:1]:
        yield invalid_value("spec.clusterIPs[0]", after.get("clusterIPs", []), "may not change once set")


def _external_name(spec: dict[str, Any]) -> Iterator[FieldError]:
    for name in _NOT_FOR_EXTERNAL_NAMES:
        if spec.get(name):
            yield forbidden(f"spec.{name}", "may not be set for ExternalName services")
    target = spec.get("externalName", "").removesuffix(".")
    if target:
        yield from names.named("spec.externalName", target, names.dns_subdomain)
    else:
        yield required("spec.externalName")


def _ports(ports: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        field = f"spec.ports[{index}]"
        name = port.get("name", "")
        if not name and len(ports) > 1:
            yield required(f"{field}.name")
        elif name:
            yield from names.named(f"{field}.name", name, names.dns_label)
            if name in seen:
                yield duplicate(f"{field}.name", name)
            seen.add(name)
        yield from names.port_number(f"{field}.port", port.get("port", 0))
        yield from names.protocol(f"{field}.protocol", port.get("protocol", ""))
        yield from _target_port(f"{field}.targetPort", port.get("targetPort", 0))
        if "appProtocol" in port:
            yield from names.named(f"{field}.appProtocol", port["appProtocol"], names.qualified_name)


def _target_port(field: str, target: int | str) -> Iterator[FieldError]:
    if isinstance(target, int):
        yield from names.port_number(field, target)
    else:
        yield from names.named(field, target, names.port_name)


def _affinity(spec: dict[str, Any]) -> Iterator[FieldError]:
    affinity = spec.get("sessionAffinity", "")
    if affinity not in _AFFINITIES:
        yield unsupported("spec.sessionAffinity", affinity, _AFFINITIES)
    elif affinity == "ClientIP":
        seconds = spec.get("sessionAffinityConfig", {}).get("clientIP", {}).get("timeoutSeconds", 0)
        if not 0 < seconds <= _MAX_AFFINITY_SECONDS:
            field = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
            detail = f"must be greater than 0 and less than {_MAX_AFFINITY_SECONDS}"
            yield invalid_value(field, seconds, detail)
    elif "sessionAffinityConfig" in spec:
        yield forbidden("spec.sessionAffinityConfig", "must not be set when session affinity is None")


def _cluster_ips(spec: dict[str, Any]) -> Iterator[FieldError]:
    if spec.get("type") == "ExternalName":
        return
    addresses = spec.get("clusterIPs", ())
    if addresses and addresses[0] != spec.get("clusterIP"):
        detail = "first value must match `clusterIP`"
        yield invalid_value("spec.clusterIPs[0]", addresses, detail)
    for index, address in enumerate(addresses):
        if address != "None" and not names.is_address(address):
            yield invalid_value(f"spec.clusterIPs[{index}]", address, "must be a valid IP address")


def _node_ports(spec: dict[str, Any], ports: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    if spec.get("type") != "ClusterIP":
        return
    for index, port in enumerate(ports):
        if port.get("nodePort"):
            detail = "may not be used when `type` is 'ClusterIP'"
            yield forbidden(f"spec.ports[{index}].nodePort", detail)


def _same_ports(ports: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol", ""), port.get("port", 0))
        if key in seen:
            shown = {"Name": "", "Protocol": key[0], "AppProtocol": None, "Port": key[1]}
            yield duplicate(f"spec.ports[{index}]", {**shown, "TargetPort": 0, "NodePort": 0})
        seen.add(key)
