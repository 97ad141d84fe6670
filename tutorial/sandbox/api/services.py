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

Object = dict[str, Any]

CLUSTER_NETWORK = ipaddress.IPv4Network("10.96.0.0/16")
_RESERVED = 16
_NODE_PORTS = range(30000, 32768)


def allocate(service: Object, others: Iterable[Object]) -> list[FieldError]:
    """Give a Service the addresses and node ports that its type needs and it lacks, in place.

    Returns:
        The faults of an address that was asked for and cannot be had.
    """
    spec = service["spec"]
    kind = spec.get("type", "ClusterIP")
    if kind not in ("ClusterIP", "NodePort", "LoadBalancer"):
        return []
    neighbours = [other for other in others if other["metadata"]["uid"] != service["metadata"]["uid"]]
    if not spec.get("clusterIP") and spec.get("clusterIPs"):
        spec["clusterIP"] = spec["clusterIPs"][0]
    wanted = spec.get("clusterIP")
    taken = {other["spec"].get("clusterIP") for other in neighbours}
    if not wanted:
        spec["clusterIP"] = _free_address(taken)
    elif wanted != "None" and (fault := _refusal(wanted, taken)):
        return [fault]
    spec["clusterIPs"] = spec.get("clusterIPs") or [spec["clusterIP"]]
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if kind != "ClusterIP":
        _allocate_node_ports(spec, neighbours)
    return []


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


def _allocate_node_ports(spec: Object, neighbours: Iterable[Object]) -> None:
    taken = {port.get("nodePort") for other in neighbours for port in other["spec"].get("ports", ())}
    taken |= {port.get("nodePort") for port in spec.get("ports", ())}
    for port in spec.get("ports", ()):
        if not port.get("nodePort"):
            port["nodePort"] = next(number for number in _NODE_PORTS if number not in taken)
            taken.add(port["nodePort"])
