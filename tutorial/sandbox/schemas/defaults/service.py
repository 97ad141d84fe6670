"""Defaults of Services, and what happens to their addresses when they change their type."""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.ports import Object

_ADDRESS_FIELDS = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
_CLUSTER_FIELDS = (*_ADDRESS_FIELDS, "internalTrafficPolicy")
_LOAD_BALANCER_FIELDS = ("healthCheckNodePort", "allocateLoadBalancerNodePorts", "loadBalancerClass")
_NODE_PORT_FIELDS = ("externalTrafficPolicy", *_LOAD_BALANCER_FIELDS)
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")
_AFFINITY_SECONDS = 10800


def default(service: Object) -> None:
    """Fill in a Service, in place."""
    spec = service.setdefault("spec", {})
    spec.setdefault("sessionAffinity", "None")
    spec.setdefault("type", "ClusterIP")
    if spec["sessionAffinity"] == "ClientIP":
        client = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
        client.setdefault("timeoutSeconds", _AFFINITY_SECONDS)
    elif spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, "") and "port" in port:
            port["targetPort"] = port["port"]
    if spec["type"] != "ExternalName":
        _default_cluster_fields(spec)
    service.setdefault("status", {}).setdefault("loadBalancer", {})


def _default_cluster_fields(spec: dict[str, Any]) -> None:
    if spec["type"] in ("ClusterIP", *_WITH_NODE_PORTS):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in _WITH_NODE_PORTS or (spec["type"] == "ClusterIP" and spec.get("externalIPs")):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def carry_over(old: Object, new: Object) -> None:
    """Keep the addresses that an update leaves out, and drop those that the new type does not have
    unless the client changed them, in place. `new` has no defaults yet."""
    before, spec = old.get("spec", {}), new.setdefault("spec", {})
    kind = spec.get("type", "ClusterIP")
    if "ExternalName" not in (kind, before.get("type")):
        _keep_addresses(spec, before)
    _pair_addresses(spec, before)
    if kind == "ExternalName" and before.get("type") != "ExternalName":
        _drop_unchanged(spec, before, (*_CLUSTER_FIELDS, *_NODE_PORT_FIELDS))
        _drop_node_ports(spec, before)
    elif kind == "ClusterIP" and before.get("type") in _WITH_NODE_PORTS:
        _drop_unchanged(spec, before, _NODE_PORT_FIELDS)
        _drop_node_ports(spec, before)
    elif kind in _WITH_NODE_PORTS:
        if kind != "LoadBalancer":
            _drop_unchanged(spec, before, _LOAD_BALANCER_FIELDS)
        _keep_node_ports(spec, before)


def _keep_addresses(spec: dict[str, Any], before: dict[str, Any]) -> None:
    """An address that is emptied is not given back: only a change of type does that."""
    for name in _ADDRESS_FIELDS:
        of_other_address = name == "clusterIPs" and spec.get("clusterIP") != before.get("clusterIP")
        if name in before and not spec.get(name) and not of_other_address:
            spec[name] = before[name]


def _pair_addresses(spec: dict[str, Any], before: dict[str, Any]) -> None:
    """A client that changes `clusterIP` alone means `clusterIPs` too."""
    if spec.get("clusterIP") != before.get("clusterIP") and spec.get("clusterIPs") == before.get(
        "clusterIPs"
    ):
        spec.pop("clusterIPs", None)
        if spec.get("clusterIP"):
            spec["clusterIPs"] = [spec["clusterIP"]]


def _drop_unchanged(spec: dict[str, Any], before: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if spec.get(name) == before.get(name):
            spec.pop(name, None)


def _drop_node_ports(spec: dict[str, Any], before: dict[str, Any]) -> None:
    given = {port.get("nodePort") for port in before.get("ports", ())}
    for port in spec.get("ports", ()):
        if port.get("nodePort") in given:
            port.pop("nodePort", None)


def _keep_node_ports(spec: dict[str, Any], before: dict[str, Any]) -> None:
    given = {
        (port.get("protocol", "TCP"), port.get("port")): port["nodePort"]
        for port in before.get("ports", ())
        if "nodePort" in port
    }
    for port in spec.get("ports", ()):
        known = given.get((port.get("protocol", "TCP"), port.get("port")))
        if known and not port.get("nodePort"):
            port["nodePort"] = known
