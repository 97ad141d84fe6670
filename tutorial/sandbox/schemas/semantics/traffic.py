"""Checks of a Service's traffic: load balancers, policies, health checks. Part of `service.validate`."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from tutorial.sandbox.schemas.errors import FieldError, forbidden, invalid_value, unsupported
from tutorial.sandbox.schemas.semantics import names

_POLICIES = ("Cluster", "Local")
_DISTRIBUTIONS = ("PreferClose", "PreferSameNode", "PreferSameZone")
_ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'"
_NOT_A_RANGE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def validate(spec: dict[str, Any]) -> Iterator[FieldError]:
    """The faults of a defaulted Service's spec, in the server's order."""
    balanced = spec.get("type") == "LoadBalancer"
    yield from _source_ranges(spec, balanced=balanced)
    if "allocateLoadBalancerNodePorts" in spec and not balanced:
        yield forbidden("spec.allocateLoadBalancerNodePorts", _ONLY_BALANCED)
    if "loadBalancerClass" in spec:
        field = "spec.loadBalancerClass"
        if balanced:
            yield from names.named(field, spec["loadBalancerClass"], names.qualified_name)
        else:
            yield forbidden(field, _ONLY_BALANCED)
    yield from _external_policy(spec)
    internal = spec.get("internalTrafficPolicy", _POLICIES[0])
    if internal not in _POLICIES:
        yield unsupported("spec.internalTrafficPolicy", internal, _POLICIES)
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        yield unsupported("spec.trafficDistribution", distribution, _DISTRIBUTIONS)


def needs_health_check(spec: dict[str, Any]) -> bool:
    """Whether a load balancer asks each node for its own endpoints."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def _source_ranges(spec: dict[str, Any], *, balanced: bool) -> Iterator[FieldError]:
    ranges = spec.get("loadBalancerSourceRanges", ())
    field = "spec.LoadBalancerSourceRanges"
    if ranges and not balanced:
        yield forbidden(field, _ONLY_BALANCED)
    for index, text in enumerate(ranges):
        try:
            ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            yield invalid_value(f"{field}[{index}]", text.strip(), _NOT_A_RANGE)


def _external_policy(spec: dict[str, Any]) -> Iterator[FieldError]:
    policy = spec.get("externalTrafficPolicy")
    kind = spec.get("type")
    outside = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    if policy and not outside:
        detail = "may only be set for externally-accessible services"
        yield invalid_value("spec.externalTrafficPolicy", policy, detail)
    elif policy and policy not in _POLICIES:
        yield unsupported("spec.externalTrafficPolicy", policy, _POLICIES)
    health_port = spec.get("healthCheckNodePort")
    if health_port and not needs_health_check(spec):
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield invalid_value("spec.healthCheckNodePort", health_port, detail)
