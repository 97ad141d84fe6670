"""The rules that send a pod's outgoing TCP connections through its sidecar.

Used by `control`; the node commits them inside the pod's network namespace before any container
starts. Istio's rules know the proxy by its user; here its sockets carry a mark, since a rootless
sandbox has no second user.
"""

from __future__ import annotations

from tutorial.sandbox.net import nftables
from tutorial.sandbox.net.nftables import Chain

PROXY_MARK = 1337
OUTBOUND_PORT = 15001


def redirect_rules(pod_ip: str) -> bytes:
    """The nftables batch for a pod with this address."""
    skip = nftables.leave_chain()
    outgoing = Chain(
        "outbound",
        "nat",
        nftables.OUTPUT,
        nftables.PRIORITY_DESTINATION_NAT,
        (
            (nftables.match_mark(PROXY_MARK), skip),
            (nftables.match_destination("127.0.0.0/8"), skip),
            (nftables.match_destination(pod_ip), skip),
            (nftables.match_protocol(nftables.TCP), nftables.redirect(OUTBOUND_PORT)),
        ),
    )
    return nftables.transaction("istio", [outgoing])
