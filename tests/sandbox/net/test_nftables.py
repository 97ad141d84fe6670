from __future__ import annotations

import socket
from collections import Counter

import pytest
from sandbox.namespaces_for_tests import in_own_network

from tutorial.sandbox.net import netlink, nftables
from tutorial.sandbox.net.nftables import Chain, Rule

pytestmark = pytest.mark.sandbox

HERE = "10.1.1.1"
ELSEWHERE = ("10.1.1.2", 80)
SO_MARK = 36


def outgoing(*rules: Rule) -> bytes:
    chain = Chain("out", "nat", nftables.OUTPUT, nftables.PRIORITY_DESTINATION_NAT, rules)
    return nftables.transaction("test", [chain])


def listen(port: int) -> socket.socket:
    listener = socket.create_server((HERE, port))
    listener.settimeout(1)
    return listener


def connect_and_say_who_answers(listeners: list[socket.socket], mark: int = 0) -> int | None:
    """The port of the listener that a connection to ELSEWHERE reaches; None when none does."""
    with socket.socket() as client:
        client.settimeout(1)
        if mark:
            client.setsockopt(socket.SOL_SOCKET, SO_MARK, mark)
        try:
            client.connect(ELSEWHERE)
        except OSError:
            return None
        mine = client.getsockname()
        for listener in listeners:
            listener.setblocking(False)
            try:
                accepted, peer = listener.accept()
            except BlockingIOError:
                continue
            accepted.close()
            assert peer == mine
            port: int = listener.getsockname()[1]
            return port
    return None


def prepare() -> list[socket.socket]:
    netlink.add_address("lo", f"{HERE}/32")
    netlink.add_address("lo", f"{ELSEWHERE[0]}/32")
    return [listen(7001), listen(7002)]


def test_a_connection_is_sent_elsewhere_but_not_one_with_the_mark() -> None:
    def scenario() -> tuple[int | None, int | None]:
        listeners = prepare()
        rules: tuple[Rule, ...] = (
            (nftables.match_mark(1337), nftables.leave_chain()),
            (
                nftables.match_destination("10.1.0.0/16"),
                nftables.match_protocol(nftables.TCP),
                nftables.match_destination_port(80),
                nftables.dnat(HERE, 7001),
            ),
        )
        netlink.commit_rules(outgoing(*rules))
        return connect_and_say_who_answers(listeners), connect_and_say_who_answers(listeners, mark=1337)

    assert in_own_network(scenario) == (7001, None)


def test_connections_are_shared_between_targets() -> None:
    def scenario() -> Counter[int | None]:
        listeners = prepare()
        match = (nftables.match_destination(ELSEWHERE[0]), nftables.match_protocol(nftables.TCP))
        netlink.commit_rules(
            outgoing(
                (*match, nftables.match_random(2), nftables.dnat(HERE, 7001)),
                (*match, nftables.dnat(HERE, 7002)),
            )
        )
        return Counter(connect_and_say_who_answers(listeners) for _ in range(200))

    counts = in_own_network(scenario)
    assert set(counts) == {7001, 7002}
    # A fair coin falls outside of this once in ten thousand million runs.
    assert 55 <= counts[7001] <= 145


def test_a_transaction_replaces_the_table() -> None:
    def scenario() -> int | None:
        listeners = prepare()
        for port in (7001, 7002):
            netlink.commit_rules(outgoing((nftables.match_protocol(nftables.TCP), nftables.dnat(HERE, port))))
        return connect_and_say_who_answers(listeners)

    assert in_own_network(scenario) == 7002


def test_a_refused_transaction_changes_nothing_and_says_why() -> None:
    def scenario() -> tuple[str, int | None]:
        listeners = prepare()
        good: Rule = (nftables.match_protocol(nftables.TCP), nftables.dnat(HERE, 7001))
        netlink.commit_rules(outgoing(good))
        try:
            netlink.commit_rules(outgoing(good, (nftables.masquerade(),)))
        except OSError as error:
            return str(error), connect_and_say_who_answers(listeners)
        return "", None

    said, answered = in_own_network(scenario)
    assert "Cannot apply the nftables rules" in said
    assert answered == 7001


def test_redirect_takes_tcp_to_this_machine_and_leaves_udp_alone() -> None:
    def scenario() -> tuple[bool, bytes]:
        netlink.add_address("lo", f"{ELSEWHERE[0]}/32")
        netlink.commit_rules(outgoing((nftables.match_protocol(nftables.TCP), nftables.redirect(7003))))
        with (
            socket.create_server(("127.0.0.1", 7003)) as proxy,
            socket.create_connection(ELSEWHERE, timeout=1) as client,
        ):
            accepted, peer = proxy.accept()
            accepted.close()
            redirected = peer == client.getsockname()
        with (
            socket.socket(type=socket.SOCK_DGRAM) as there,
            socket.socket(type=socket.SOCK_DGRAM) as here,
        ):
            there.bind(ELSEWHERE)
            there.settimeout(1)
            here.sendto(b"udp", ELSEWHERE)
            return redirected, there.recv(10)

    assert in_own_network(scenario) == (True, b"udp")
