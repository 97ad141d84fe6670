"""The rules that send a pod's TCP connections, both ways, through its sidecar.

Used by `control`; the node commits them inside the pod's network namespace before any container
starts. Istio's rules know the proxy by its user; here its sockets carry a mark, since a rootless
sandbox has no second user. What the proxy sends to its own pod comes in like everything else, but for
what it has let in already, which comes from an address of its own.
"""

from __future__ import annotations

from tutorial.sandbox.net import nftables
from tutorial.sandbox.net.nftables import Chain

PROXY_MARK = 1337
OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
INBOUND_SOURCE = "127.0.0.6"
"""From where the proxy connects to its own pod, as in Istio."""

_PROXY_PORTS = (15008, 15020, 15021, 15090)
"""The proxy's own ports, which are not redirected."""


def redirect_rules(pod_ip: str) -> bytes:
    """The nftables batch for a pod with this address."""
    skip = nftables.leave_chain()
    tcp, marked = nftables.match_protocol(nftables.TCP), nftables.match_mark(PROXY_MARK)
    outgoing = Chain(
        "outbound",
        "nat",
        nftables.OUTPUT,
        nftables.PRIORITY_DESTINATION_NAT,
        (
            (nftables.match_source(INBOUND_SOURCE), skip),
            (marked, tcp, nftables.match_destination(pod_ip), nftables.redirect(INBOUND_PORT)),
            (marked, skip),
            (nftables.match_destination("127.0.0.0/8"), skip),
            (nftables.match_destination(pod_ip), skip),
            (tcp, nftables.redirect(OUTBOUND_PORT)),
        ),
    )
    incoming = Chain(
        "inbound",
        "nat",
        nftables.PREROUTING,
        nftables.PRIORITY_DESTINATION_NAT,
        (
            (nftables.match_destination("127.0.0.0/8"), skip),
            *((tcp, nftables.match_destination_port(port), skip) for port in _PROXY_PORTS),
            (tcp, nftables.redirect(INBOUND_PORT)),
        ),
    )
    return nftables.transaction("istio", [outgoing, incoming])
