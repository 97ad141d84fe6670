"""A pod: network, mount, pid, host name and IPC namespaces with an agent as their pid 1.

`fork_pod` is called by `nodeagent.NodeAgent`; the agent answers `client.PodSandbox` over a channel
of its own that the node passes out.
"""

from __future__ import annotations

import os
import signal
import socket
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from tutorial.sandbox.node import channel, process, syscalls
from tutorial.sandbox.node.agent import Agent, Reply
from tutorial.sandbox.node.channel import Message
from tutorial.sandbox.node.rootfs import RootPlan, enter_root

_PRIVATE = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWIPC
)


@dataclass(frozen=True)
class PodPlan:
    """What makes up a pod, but for its link to the node."""

    hostname: str
    root: RootPlan


def fork_pod(plan: PodPlan, connect: Callable[[int], None], configure: Callable[[], None]) -> tuple[int, int]:
    """Start a pod; returns its pid 1 (as the node numbers it) and its channel.

    Args:
        connect: called in the node with a pid inside the new network namespace, to give it a link.
        configure: called in that namespace afterwards, to set addresses and routes.

    Raises:
        OSError: a namespace, the link or the root could not be made; nothing is left.
    """
    ours, theirs = channel.pair()
    stairs, landing = channel.pair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        stairs.close()
        _enter_namespaces(plan, configure, landing, theirs)
    theirs.close()
    landing.close()
    try:
        with stairs:
            _await_step(stairs)
            connect(pid)
            channel.send(stairs, {"connected": True})
            # Two processes speak here, so either may come first: the pid, and that it has its root.
            made = _await_step(stairs) | _await_step(stairs)
    except OSError:
        ours.close()
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.waitpid(pid, 0)
    return made["pid"], ours.detach()


def _await_step(stairs: socket.socket) -> Message:
    received = channel.receive(stairs)
    if received is None:
        raise OSError(0, "the pod's first process ended while it was being made")
    message, _ = received
    if "errno" in message:
        raise OSError(message["errno"], message["error"])
    return message


def _enter_namespaces(
    plan: PodPlan, configure: Callable[[], None], landing: socket.socket, end: socket.socket
) -> NoReturn:
    """The pod's way in: makes the namespaces, waits for the link, forks pid 1 and is gone."""
    try:
        syscalls.unshare(_PRIVATE)
        channel.send(landing, {"unshared": True})
        if channel.receive(landing) is None:
            os._exit(1)
        configure()
        pid = os.fork()
        if pid == 0:
            _become_first(plan, landing, end)
        channel.send(landing, {"pid": pid})
    except OSError as error:
        channel.send(landing, {"errno": error.errno or 0, "error": str(error)})
    finally:
        os._exit(0)


def _become_first(plan: PodPlan, landing: socket.socket, end: socket.socket) -> NoReturn:
    try:
        os.setsid()
        keep_only(landing.fileno(), end.fileno())
        socket.sethostname(plan.hostname)
        enter_root(plan.root)
        channel.send(landing, {"rooted": True})
        landing.close()
        PodAgent(end).serve()
    except OSError as error:
        channel.send(landing, {"errno": error.errno or 0, "error": str(error)})
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(0)


def keep_only(*descriptors: int) -> None:
    """Close every descriptor above standard error but these."""
    first = 3
    for descriptor in sorted(descriptors):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


class PodAgent(Agent):
    """Starts and signals the pod's programs and says when each ended."""

    def __init__(self, end: socket.socket) -> None:
        super().__init__(end)
        self._numbers: dict[int, int] = {}
        self._pids: dict[int, int] = {}
        self._next = 1
        self.handlers |= {"start": self._start, "signal": self._signal}

    def child_ended(self, pid: int, code: int) -> None:
        number = self._numbers.pop(pid, None)
        if number is not None:
            del self._pids[number]
            self.send_event(event="ended", process=number, code=code)

    def _start(self, message: Message, descriptors: list[int]) -> Reply:
        command = process.Command(**message["command"], program=descriptors[0] if descriptors else None)
        started = process.start(command)
        number = self._next
        self._next += 1
        self._numbers[started.pid] = number
        self._pids[number] = started.pid
        return {"process": number, "pid": started.pid}, started.ends

    def _signal(self, message: Message, _descriptors: list[int]) -> Reply:
        """To one program, or to its whole process group."""
        pid = self._pids.get(message["process"])
        if pid is not None:
            with suppress(ProcessLookupError):
                if message["group"]:
                    os.killpg(pid, message["signal"])
                else:
                    os.kill(pid, message["signal"])
        return {}, []
