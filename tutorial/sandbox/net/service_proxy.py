"""The service proxy: what kube-proxy does, as one nftables table of the node.

Made and started by the supervisor. Watches Services and EndpointSlices, computes the whole rule
set and applies it in one transaction whenever it differs from the one in force. Session affinity
and the node's own outgoing connections are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tutorial.sandbox.net import nftables
from tutorial.sandbox.net.endpoints import slices_by_service, usable_endpoints
from tutorial.sandbox.net.nftables import Chain, Rule
from tutorial.sandbox.net.watching import Watcher
from tutorial.sandbox.ports import NetworkPlane, Object, Objects
from tutorial.sandbox.resources import ENDPOINT_SLICE, SERVICE

CLUSTER_DNS = "10.96.0.10"
"""The node itself answers at this address: no rule may touch it."""

_PROTOCOLS = {"TCP": nftables.TCP, "UDP": nftables.UDP}
_AFTER_DESTINATION_NAT = nftables.PRIORITY_DESTINATION_NAT + 10


class ServiceProxy:
    """Keeps the node's rules as the services want them."""

    def __init__(self, objects: Objects, plane: NetworkPlane) -> None:
        self._objects = objects
        self._plane = plane
        self._in_force = b""
        self._watcher = Watcher(objects, (SERVICE, ENDPOINT_SLICE), self._reconcile)

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
        wanted = nftables.transaction("services", service_chains(services, slices))
        if wanted != self._in_force:
            await self._plane.apply_rules(wanted)
            self._in_force = wanted


@dataclass(frozen=True)
class _Target:
    """One port of one service, and where its connections go, as (address, port)."""

    cluster_ip: str
    protocol: int
    port: int
    endpoints: tuple[tuple[str, int], ...]


def service_chains(services: Iterable[Object], slices: Sequence[Object]) -> tuple[Chain, ...]:
    """The node's chains: destination NAT for every service port, refusal of whatever still goes to
    a cluster IP after that, and a source address of the node's for a pod that reaches itself."""
    targets = sorted(_targets(services, slices), key=lambda target: (target.cluster_ip, target.port))
    return (
        Chain(
            "services",
            "nat",
            nftables.PREROUTING,
            nftables.PRIORITY_DESTINATION_NAT,
            tuple(rule for target in targets for rule in _balance(target)),
        ),
        Chain(
            "without-endpoints",
            "filter",
            nftables.PREROUTING,
            _AFTER_DESTINATION_NAT,
            tuple(_refuse(address) for address in sorted({target.cluster_ip for target in targets})),
        ),
        Chain(
            "hairpin",
            "nat",
            nftables.POSTROUTING,
            nftables.PRIORITY_SOURCE_NAT,
            tuple(
                _hairpin(address)
                for address in sorted({address for target in targets for address, _ in target.endpoints})
            ),
        ),
    )


def _targets(services: Iterable[Object], slices: Iterable[Object]) -> Iterator[_Target]:
    of_service = slices_by_service(slices)
    for service in services:
        spec = service.get("spec") or {}
        address = spec.get("clusterIP")
        if spec.get("type") == "ExternalName" or address in (None, "", "None", CLUSTER_DNS):
            continue
        key = (service["metadata"]["namespace"], service["metadata"]["name"])
        for port in spec.get("ports") or ():
            protocol = _PROTOCOLS.get(port.get("protocol", "TCP"))
            if protocol is not None:
                endpoints = usable_endpoints(of_service.get(key, ()), port.get("name") or "")
                yield _Target(address, protocol, port["port"], endpoints)


def _balance(target: _Target) -> Iterator[Rule]:
    """Each endpoint gets an equal share: one in N, of the rest one in N-1, ..., the last all."""
    match: Rule = (
        nftables.match_destination(target.cluster_ip),
        nftables.match_protocol(target.protocol),
        nftables.match_destination_port(target.port),
    )
    for left, (address, port) in zip(range(len(target.endpoints), 0, -1), target.endpoints, strict=True):
        share: Rule = (nftables.match_random(left),) if left > 1 else ()
        yield (*match, *share, nftables.dnat(address, port))


def _refuse(cluster_ip: str) -> Rule:
    return (nftables.match_destination(cluster_ip), nftables.reject())


def _hairpin(address: str) -> Rule:
    return (nftables.match_source(address), nftables.match_destination(address), nftables.masquerade())
