"""The loop of an agent: pid 1 of the node and of each pod. Answers requests, reaps children.

Subclassed by `nodeagent.NodeAgent` and `pod.PodAgent`. One thread, no timers. It ends, and with it
every process in its pid namespace, when the other side of its channel is gone.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

from tutorial.sandbox.net import netlink
from tutorial.sandbox.node import channel
from tutorial.sandbox.node.channel import Message

Reply = tuple[Message, list[int]]
"""Fields of the answer, and descriptors to pass beside it; the agent closes its copies."""

Handler = Callable[[Message, list[int]], Reply]


class Agent:
    """Serves the requests that `handlers` name until the channel closes."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.handlers: dict[str, Handler] = {"socket": make_socket, "rules": apply_rules}

    def child_ended(self, pid: int, code: int) -> None:
        """Called for each child that was reaped; `code` is 128+n after signal n."""

    def send_event(self, **fields: object) -> None:
        """Tell the other side something it did not ask for. Quiet when it is gone: the loop ends."""
        with suppress(OSError):
            channel.send(self._end, fields)

    def serve(self) -> None:
        """Run until the channel closes."""
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        poll.register(wake_read, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if wake_read in ready:
                os.read(wake_read, 4096)
                self._reap()
            if self._end.fileno() in ready and not self._answer_one():
                return

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.child_ended(pid, exit_code(status))

    def _answer_one(self) -> bool:
        received = channel.receive(self._end)
        if received is None:
            return False
        message, descriptors = received
        reply: Message
        passed: list[int] = []
        try:
            reply, passed = self.handlers[message["do"]](message, descriptors)
        except OSError as error:
            reply = {"errno": error.errno or 0, "error": str(error)}
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        try:
            channel.send(self._end, {"id": message["id"], **reply}, passed)
        except OSError:
            return False
        finally:
            for descriptor in passed:
                os.close(descriptor)
        return True


def exit_code(status: int) -> int:
    """What a shell would say of a wait status: the exit code, or 128+n for signal n."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def make_socket(message: Message, _descriptors: list[int]) -> Reply:
    """A socket of `family`, `type` and `protocol` that belongs to this network namespace for good,
    wherever it is bound and used."""
    made = socket.socket(message["family"], message["type"], message["protocol"])
    return {}, [made.detach()]


def apply_rules(_message: Message, descriptors: list[int]) -> Reply:
    """Commit the nftables batch that the first descriptor holds to this network namespace."""
    with open(os.dup(descriptors[0]), "rb") as batch:  # noqa: PTH123 (a descriptor, not a path)
        batch.seek(0)
        netlink.commit_rules(batch.read())
    return {}, []
