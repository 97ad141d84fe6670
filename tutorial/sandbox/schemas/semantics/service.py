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
from tutorial.sandbox.schemas.semantics import names, traffic

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")
_MAX_AFFINITY_SECONDS = 86400
_NOT_FOR_EXTERNAL_NAMES = ("clusterIPs", "ipFamilies", "ipFamilyPolicy")
_KUBELET_PORT = 10250
_ONCE_SET = "may not change once set"


def validate(service: Object) -> Iterator[FieldError]:
    """The faults of a Service with defaults and addresses."""
    spec = service.get("spec", {})
    kind = spec.get("type")
    ports: Sequence[dict[str, Any]] = spec.get("ports", ())
    headless = spec.get("clusterIP") == "None"
    if not ports and not headless and kind != "ExternalName":
        yield required("spec.ports")
    yield from _type_rules(spec, ports, headless=headless)
    yield from _ports(ports)
    yield from names.labels("spec.selector", spec.get("selector", {}))
    yield from _affinity(spec)
    yield from cluster_fields(spec)
    for index, address in enumerate(spec.get("externalIPs", ())):
        field = f"spec.externalIPs[{index}]"
        if names.is_address(address):
            yield from names.unusual_address(field, address)
        else:
            yield invalid_value(field, address, names.NOT_AN_ADDRESS)
    if kind not in _TYPES:
        yield unsupported("spec.type", kind, _TYPES)
    yield from _node_ports(spec, ports)
    yield from _same_ports(ports)
    yield from traffic.validate(spec)


def validate_update(old: Object, new: Object) -> Iterator[FieldError]:
    """What may not change: the cluster IP and the load balancer's class, as long as there is one."""
    before, after = old.get("spec", {}), new.get("spec", {})
    if "ExternalName" not in (before.get("type"), after.get("type")):
        given = before.get("clusterIPs", ())
        if given and after.get("clusterIPs", ())[:1] != given[:1]:
            yield invalid_value("spec.clusterIPs[0]", after.get("clusterIPs", []), _ONCE_SET)
    balanced = before.get("type") == after.get("type") == "LoadBalancer"
    if balanced and before.get("loadBalancerClass") != after.get("loadBalancerClass"):
        yield invalid_value("spec.loadBalancerClass", after.get("loadBalancerClass"), _ONCE_SET)


def cluster_fields(spec: dict[str, Any]) -> Iterator[FieldError]:
    """The faults of addresses and families. They are looked for before anything is allocated, and
    if there are any, alone reported."""
    if spec.get("type") == "ExternalName":
        return
    addresses = spec.get("clusterIPs", ())
    if addresses and not spec.get("clusterIP"):
        yield invalid_value("spec.clusterIPs", addresses, "must be empty when `clusterIP` is not specified")
    elif addresses and addresses[0] != spec["clusterIP"]:
        yield invalid_value("spec.clusterIPs", addresses, "first value must match `clusterIP`")
    families = spec.get("ipFamilies", ())
    for index, family in enumerate(families):
        if family not in _FAMILIES:
            yield unsupported(f"spec.ipFamilies[{index}]", family, _FAMILIES)
        if family in families[:index]:
            yield duplicate(f"spec.ipFamilies[{index}]", family)
    policy = spec.get("ipFamilyPolicy", _FAMILY_POLICIES[0])
    if policy not in _FAMILY_POLICIES:
        yield unsupported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES)
    for index, address in enumerate(addresses):
        if address == "None" and index == 0:
            if len(addresses) > 1:
                detail = "'None' must be the first and only value"
                yield invalid_value("spec.clusterIPs", addresses, detail)
        elif not names.is_address(address):
            yield invalid_value(f"spec.clusterIPs[{index}]", address, names.NOT_AN_ADDRESS)
    if len(addresses) > 2:
        yield invalid_value("spec.clusterIPs", addresses, "may only hold up to 2 values")


_FAMILIES = ("IPv4", "IPv6")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")


def _type_rules(
    spec: dict[str, Any], ports: Sequence[dict[str, Any]], *, headless: bool
) -> Iterator[FieldError]:
    kind = spec.get("type")
    if kind == "LoadBalancer":
        for index, port in enumerate(ports):
            if port.get("port") == _KUBELET_PORT:
                detail = f"may not expose port {_KUBELET_PORT} externally since it is used by kubelet"
                yield invalid_value(f"spec.ports[{index}]", _KUBELET_PORT, detail)
    if kind in ("LoadBalancer", "NodePort") and headless:
        detail = f"may not be set to 'None' for {kind} services"
        yield invalid_value("spec.clusterIPs[0]", "None", detail)
    if kind == "ExternalName":
        yield from _external_name(spec)


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


def _node_ports(spec: dict[str, Any], ports: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        number = port.get("nodePort")
        if not number:
            continue
        field = f"spec.ports[{index}].nodePort"
        if spec.get("type") == "ClusterIP":
            yield forbidden(field, "may not be used when `type` is 'ClusterIP'")
        key = (port.get("protocol", ""), number)
        if key in seen:
            yield duplicate(field, number)
        seen.add(key)


def _same_ports(ports: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol", ""), port.get("port", 0))
        if key in seen:
            shown = {"Name": "", "Protocol": key[0], "AppProtocol": None, "Port": key[1]}
            yield duplicate(f"spec.ports[{index}]", {**shown, "TargetPort": 0, "NodePort": 0})
        seen.add(key)
