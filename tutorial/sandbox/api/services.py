"""A Service's addresses and node ports: given out when it needs them.

Called by `tutorial.sandbox.api.objects` on create and update. The allocator's memory is the store
itself: an address is taken when a stored Service has it.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterable
from typing import Any

from tutorial.sandbox.schemas import FieldError
from tutorial.sandbox.schemas.errors import invalid_value
from tutorial.sandbox.schemas.semantics.service import cluster_fields
from tutorial.sandbox.schemas.semantics.traffic import needs_health_check

Object = dict[str, Any]

CLUSTER_NETWORK = ipaddress.IPv4Network("10.96.0.0/16")
_RESERVED = 16
_NODE_PORTS = range(30000, 32768)
_CHOSEN_NODE_PORTS = range(30086, 32768)
"""Kubernetes leaves the lower part of its ports to those who ask for one by number."""


def allocate(service: Object, others: Iterable[Object]) -> list[FieldError]:
    """Give a Service the addresses and node ports that its type needs and it lacks, in place.

    Returns:
        The faults of addresses, families or ports that were asked for and cannot be had.
    """
    spec = service["spec"]
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    if spec.get("type") not in ("ClusterIP", "NodePort", "LoadBalancer"):
        return []
    faults = list(cluster_fields(spec)) or _choose_families(spec)
    if faults:
        return faults
    neighbours = [other for other in others if other["metadata"]["uid"] != service["metadata"]["uid"]]
    wanted = spec.get("clusterIP")
    taken = {other["spec"].get("clusterIP") for other in neighbours}
    if not wanted:
        spec["clusterIP"] = _free_address(taken)
        spec["clusterIPs"] = [spec["clusterIP"]]
    elif wanted != "None" and (fault := _refusal(wanted, taken)):
        return [fault]
    return _allocate_node_ports(spec, neighbours) if spec["type"] != "ClusterIP" else []


def _choose_families(spec: Object) -> list[FieldError]:
    """The families of a cluster that has IPv4 alone. A headless service without selector may have
    both: its addresses are given from outside."""
    if spec.get("clusterIP") == "None" and not spec.get("selector"):
        policy = spec.setdefault("ipFamilyPolicy", "RequireDualStack")
        families = spec.setdefault("ipFamilies", ["IPv4"])
        if len(families) < 2 and policy != "SingleStack":
            families.append("IPv6" if families[0] == "IPv4" else "IPv4")
        return []
    faults = []
    if spec.get("ipFamilyPolicy") == "RequireDualStack":
        why = "this cluster is not configured for dual-stack services"
        faults.append(invalid_value("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], why))
    for index, family in enumerate(spec.get("ipFamilies", ())):
        if family != "IPv4":
            why = "not configured on this cluster"
            faults.append(invalid_value(f"spec.ipFamilies[{index}]", family, why))
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    return faults


def _free_address(taken: set[str | None]) -> str:
    while True:
        offset = random.randrange(_RESERVED * 16, CLUSTER_NETWORK.num_addresses - 1)
        address = str(CLUSTER_NETWORK[offset])
        if address not in taken:
            return address


def _refusal(wanted: str, taken: set[str | None]) -> FieldError | None:
    field = "spec.clusterIPs"
    try:
        inside = ipaddress.ip_address(wanted) in CLUSTER_NETWORK
    except ValueError:
        return None
    prefix = f'Invalid value: ["{wanted}"]: failed to allocate IP {wanted}: '
    if not inside:
        valid = f"The range of valid IPs is {CLUSTER_NETWORK}"
        why = f"the provided IP ({wanted}) is not in the valid range. {valid}"
        return FieldError(field, "FieldValueInvalid", prefix + why)
    if wanted in taken:
        return FieldError(field, "FieldValueInvalid", prefix + "provided IP is already allocated")
    return None


def _allocate_node_ports(spec: Object, neighbours: Iterable[Object]) -> list[FieldError]:
    taken = {number for other in neighbours for number in _node_ports_of(other["spec"])}
    for index, port in enumerate(spec.get("ports", ())):
        number = port.get("nodePort")
        if not number:
            continue
        why = "provided port is already allocated" if number in taken else ""
        if number not in _NODE_PORTS:
            valid = f"{_NODE_PORTS.start}-{_NODE_PORTS.stop - 1}"
            why = f"provided port is not in the valid range. The range of valid ports is {valid}"
        if why:
            return [invalid_value(f"spec.ports[{index}].nodePort", number, why)]
        taken.add(number)
    if spec.get("allocateLoadBalancerNodePorts") is not False:
        for port in spec.get("ports", ()):
            if not port.get("nodePort"):
                port["nodePort"] = _free_port(taken)
    if needs_health_check(spec) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = _free_port(taken)
    return []


def _node_ports_of(spec: Object) -> list[int]:
    numbers = [port["nodePort"] for port in spec.get("ports", ()) if port.get("nodePort")]
    return [*numbers, spec["healthCheckNodePort"]] if spec.get("healthCheckNodePort") else numbers


def _free_port(taken: set[int]) -> int:
    """A port that nobody has, which is taken by that."""
    free = [number for number in _CHOSEN_NODE_PORTS if number not in taken]
    chosen = random.choice(free or [number for number in _NODE_PORTS if number not in taken])
    taken.add(chosen)
    return chosen
