from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest
from sandbox.namespaces_for_tests import in_own_network

from tutorial.sandbox.net import netlink

pytestmark = pytest.mark.sandbox


def make_pair() -> None:
    netlink.create_veth("left", "right", os.getpid())
    netlink.add_address("left", "10.1.0.1/24")
    netlink.set_up("left")
    netlink.set_up("right")


def links() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def routes() -> set[tuple[str, str, str]]:
    """(link, destination, gateway) as the kernel shows them: addresses in hex, low byte first."""
    lines = Path("/proc/net/route").read_text().splitlines()[1:]
    return {(line.split()[0], line.split()[1], line.split()[2]) for line in lines}


def test_a_pair_has_both_ends_and_an_address_that_answers() -> None:
    def scenario() -> tuple[set[str], str]:
        make_pair()
        with socket.socket() as bound:
            bound.bind(("10.1.0.1", 0))
            return links(), bound.getsockname()[0]

    assert in_own_network(scenario) == ({"lo", "left", "right"}, "10.1.0.1")


def test_deleting_one_end_deletes_the_pair() -> None:
    def scenario() -> set[str]:
        make_pair()
        netlink.delete_link("left")
        return links()

    assert in_own_network(scenario) == {"lo"}


def test_routes_go_over_a_link_or_through_a_gateway() -> None:
    def scenario() -> set[tuple[str, str, str]]:
        make_pair()
        before = routes()
        netlink.add_route("10.9.0.7/32", "left")
        netlink.add_route("0.0.0.0/0", "left", "10.1.0.2")
        return routes() - before

    assert in_own_network(scenario) == {("left", "0700090A", "00000000"), ("left", "00000000", "0200010A")}


def test_a_missing_link_is_named() -> None:
    with pytest.raises(OSError, match="There is no link nowhere") as raised:
        in_own_network(lambda: netlink.delete_link("nowhere"))
    assert raised.value.errno == errno.ENODEV


def test_an_error_carries_the_kernels_own_sentence() -> None:
    def scenario() -> None:
        make_pair()
        netlink.add_route("10.9.0.0/16", "left", "172.16.0.1")

    with pytest.raises(OSError, match=r"Cannot route 10\.9\.0\.0/16 over left .*invalid gateway") as raised:
        in_own_network(scenario)
    assert raised.value.errno == errno.ENETUNREACH


def test_a_peer_in_no_process_is_an_error() -> None:
    with pytest.raises(ProcessLookupError, match="create the veth pair a, b"):
        in_own_network(lambda: netlink.create_veth("a", "b", 2**22 - 1))
