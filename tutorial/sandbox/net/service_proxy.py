"""The service proxy: what kube-proxy does, as one nftables table of the node.

Made and started by the supervisor. Watches Services and EndpointSlices, computes the whole rule
set and applies it in one transaction whenever it differs from the one in force. The node's own
outgoing connections are left out.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tutorial.sandbox.net import nftables
from tutorial.sandbox.net.endpoints import slices_by_service, usable_endpoints
from tutorial.sandbox.net.nftables import Chain, Rule
from tutorial.sandbox.net.watching import Watcher
from tutorial.sandbox.ports import NetworkPlane, Object, Objects
from tutorial.sandbox.resources import ENDPOINT_SLICE, POD, SERVICE

CLUSTER_DNS = "10.96.0.10"
"""The node itself answers at this address: no rule may touch it."""

NODE_ADDRESS = "10.244.0.1"
"""Where the node is reached from its pods: the address of node ports."""

_PROTOCOLS = {"TCP": nftables.TCP, "UDP": nftables.UDP}
_AFTER_DESTINATION_NAT = nftables.PRIORITY_DESTINATION_NAT + 10


class ServiceProxy:
    """Keeps the node's rules as the services want them."""

    def __init__(self, objects: Objects, plane: NetworkPlane) -> None:
        self._objects = objects
        self._plane = plane
        self._in_force: _Plan | None = None
        self._watcher = Watcher(objects, (SERVICE, ENDPOINT_SLICE, POD), self._reconcile)

    async def start(self) -> None:
        """Apply the rules of the present services, then follow them. Raises OSError when the
        kernel refuses the rules."""
        await self._watcher.start()

    async def stop(self) -> None:
        """Stop following; the rules go with the node's namespace."""
        await self._watcher.stop()

    async def _reconcile(self) -> None:
        services = self._objects.list(SERVICE)
        slices = self._objects.list(ENDPOINT_SLICE)
        clients = _addresses(self._objects.list(POD)) if any(_is_sticky(one) for one in services) else ()
        wanted = _plan(services, slices, clients)
        if wanted != self._in_force:
            await self._plane.apply_rules(nftables.transaction("services", _chains(wanted)))
            self._in_force = wanted


@dataclass(frozen=True)
class _Target:
    """One port of one service at one of its addresses, and where its connections go, as (address,
    port). `sticky` keeps a client at one of them."""

    address: str
    protocol: int
    port: int
    endpoints: tuple[tuple[str, int], ...]
    sticky: bool = False


@dataclass(frozen=True)
class _Plan:
    """All that the rules are made from: cheap to compare, unlike the rules themselves."""

    targets: tuple[_Target, ...]
    cluster_ips: tuple[str, ...]
    clients: tuple[str, ...]


def _plan(services: Sequence[Object], slices: Sequence[Object], clients: Iterable[str]) -> _Plan:
    """What the services want. `clients` are the pods' addresses, which session affinity tells apart."""
    targets = sorted(_targets(services, slices), key=lambda target: (target.address, target.port))
    return _Plan(tuple(targets), tuple(sorted(set(_cluster_ips(services)))), tuple(sorted(clients)))


def _chains(plan: _Plan) -> tuple[Chain, ...]:
    """The node's chains: destination NAT for every service port, refusal of whatever still goes to
    a cluster IP after that, and a source address of the node's for a pod that reaches itself."""
    return (
        Chain(
            "services",
            "nat",
            nftables.PREROUTING,
            nftables.PRIORITY_DESTINATION_NAT,
            tuple(rule for target in plan.targets for rule in _balance(target, plan.clients)),
        ),
        Chain(
            "without-endpoints",
            "filter",
            nftables.PREROUTING,
            _AFTER_DESTINATION_NAT,
            tuple(_refuse(address) for address in plan.cluster_ips),
        ),
        Chain(
            "hairpin",
            "nat",
            nftables.POSTROUTING,
            nftables.PRIORITY_SOURCE_NAT,
            tuple(
                _hairpin(address)
                for address in sorted({address for target in plan.targets for address, _ in target.endpoints})
            ),
        ),
    )


def _targets(services: Iterable[Object], slices: Iterable[Object]) -> Iterator[_Target]:
    of_service = slices_by_service(slices)
    for service in services:
        spec = service["spec"]
        key = (service["metadata"]["namespace"], service["metadata"]["name"])
        for port in spec.get("ports") or ():
            protocol = _PROTOCOLS.get(port.get("protocol", "TCP"))
            if protocol is None:
                continue
            endpoints = usable_endpoints(of_service.get(key, ()), port.get("name") or "")
            for address, number in _places(service, port):
                yield _Target(address, protocol, number, endpoints, _is_sticky(service))


def _places(service: Object, port: Object) -> Iterator[tuple[str, int]]:
    """Where a service port is reached: at the cluster IP, at outside addresses, at a node port."""
    addresses = list(_cluster_ips([service]))
    if not addresses:
        return
    for address in (*addresses, *(service["spec"].get("externalIPs") or ())):
        if ":" not in address and address != CLUSTER_DNS:
            yield address, port["port"]
    if port.get("nodePort"):
        yield NODE_ADDRESS, port["nodePort"]


def _cluster_ips(services: Iterable[Object]) -> Iterator[str]:
    for service in services:
        spec = service.get("spec") or {}
        address = spec.get("clusterIP")
        if spec.get("type") != "ExternalName" and address not in (None, "", "None", CLUSTER_DNS):
            yield address


def _is_sticky(service: Object) -> bool:
    return bool(service["spec"].get("sessionAffinity") == "ClientIP")


def _addresses(pods: Iterable[Object]) -> list[str]:
    return [address for pod in pods if (address := pod.get("status", {}).get("podIP"))]


def _balance(target: _Target, clients: Iterable[str]) -> Iterator[Rule]:
    """Each endpoint gets an equal share: one in N, of the rest one in N-1, ..., the last all. With
    session affinity a pod has an endpoint of its own, as long as the endpoints stay."""
    match: Rule = (
        nftables.match_destination(target.address),
        nftables.match_protocol(target.protocol),
        nftables.match_destination_port(target.port),
    )
    if target.sticky and target.endpoints:
        for client in clients:
            chosen = target.endpoints[zlib.crc32(client.encode()) % len(target.endpoints)]
            yield (nftables.match_source(client), *match, nftables.dnat(*chosen))
    for left, (address, port) in zip(range(len(target.endpoints), 0, -1), target.endpoints, strict=True):
        share: Rule = (nftables.match_random(left),) if left > 1 else ()
        yield (*match, *share, nftables.dnat(address, port))


def _refuse(cluster_ip: str) -> Rule:
    return (nftables.match_destination(cluster_ip), nftables.reject())


def _hairpin(address: str) -> Rule:
    return (nftables.match_source(address), nftables.match_destination(address), nftables.masquerade())
