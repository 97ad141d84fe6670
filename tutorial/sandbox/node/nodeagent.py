"""The node: pid 1 of the private namespaces. Makes pods and ends them, routes between them.

Forked by `namespaces.fork_node`; answers `client.NodeClient`. Pods are joined by routes, not by a
bridge, so that replies to a service's address pass through the node's connection tracking.
"""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

from tutorial.sandbox.net import netlink
from tutorial.sandbox.node import syscalls
from tutorial.sandbox.node.agent import Agent, Reply
from tutorial.sandbox.node.channel import Message
from tutorial.sandbox.node.pod import PodPlan, fork_pod
from tutorial.sandbox.node.rootfs import Mount, RootPlan

GATEWAY = "10.244.0.1"
"""The node as its pods see it."""

_POD_LINK = "eth0"
_IP_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")


def prepare_node() -> None:
    """Make the new namespaces a node: own mounts and /proc, loopback up, forwarding on.
    Raises OSError."""
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    # The kernel refuses a new /proc where the present one is partly masked (in a container);
    # the present one will do.
    with suppress(PermissionError):
        syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
    netlink.set_up("lo")
    netlink.add_address("lo", f"{GATEWAY}/32")
    _IP_FORWARD.write_text("1")


class NodeAgent(Agent):
    """Makes pods, ends them, gives addresses to the node."""

    def __init__(self, end: socket.socket) -> None:
        super().__init__(end)
        self._links = 0
        self.handlers |= {
            "create_pod": self._create_pod,
            "end_pod": self._end_pod,
            "add_address": self._add_address,
        }

    def child_ended(self, pid: int, code: int) -> None:
        self.send_event(event="pod_ended", pid=pid, code=code)

    def _create_pod(self, message: Message, _descriptors: list[int]) -> Reply:
        self._links += 1
        link = f"pod{self._links}"
        addresses: list[str] = message["addresses"]
        root = message["root"]
        plan = PodPlan(
            message["hostname"],
            RootPlan(root["files"], root["links"], [Mount(**mount) for mount in root["mounts"]]),
        )
        pid, end = fork_pod(
            plan,
            connect=lambda inside: _connect(link, inside, addresses),
            configure=lambda: _configure(addresses),
        )
        return {"pid": pid, "link": link}, [end]

    def _end_pod(self, message: Message, _descriptors: list[int]) -> Reply:
        """The kernel ends all of a pod's processes with its pid 1, and its link with the last."""
        with suppress(ProcessLookupError):
            os.kill(message["pid"], signal.SIGKILL)
        with suppress(OSError):
            netlink.delete_link(message["link"])
        return {}, []

    def _add_address(self, message: Message, _descriptors: list[int]) -> Reply:
        netlink.add_address("lo", message["address"])
        return {}, []


def _connect(link: str, inside: int, addresses: list[str]) -> None:
    """The node's side of a pod's link: routes to each of its addresses."""
    netlink.create_veth(link, _POD_LINK, inside)
    netlink.set_up(link)
    for address in addresses:
        netlink.add_route(f"{address}/32", link)


def _configure(addresses: list[str]) -> None:
    """The pod's side of its link: addresses, and everything else through the node."""
    netlink.set_up("lo")
    for address in addresses:
        netlink.add_address(_POD_LINK, f"{address}/32")
    netlink.set_up(_POD_LINK)
    netlink.add_route(f"{GATEWAY}/32", _POD_LINK)
    netlink.add_route("0.0.0.0/0", _POD_LINK, GATEWAY)
