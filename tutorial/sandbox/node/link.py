"""Requests to an agent and their answers, in the supervisor's event loop.

Used by `client`: one link to the node, one to each pod.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

from tutorial.sandbox.node import channel
from tutorial.sandbox.node.channel import Message

_SOCKET_TYPES = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_BUSY_SECONDS = 0.002


class AgentLink:
    """Requests and their answers over one channel, in the running loop."""

    def __init__(self, end: socket.socket, on_event: Callable[[Message], None], on_end: Callable[[], None]):
        self._end = end
        self._on_event = on_event
        self._on_end = on_end
        self._waiting: dict[int, asyncio.Future[tuple[Message, list[int]]]] = {}
        self._next = 1
        self._loop = asyncio.get_running_loop()
        self.closed = False
        end.setblocking(False)
        self._loop.add_reader(end.fileno(), self._read)

    async def request(
        self, do: str, descriptors: Sequence[int] = (), **fields: Any
    ) -> tuple[Message, list[int]]:
        """The answer and the descriptors beside it, now the caller's. Raises OSError: the agent's
        error, or EPIPE when the agent is gone."""
        number = self._next
        self._next += 1
        answer: asyncio.Future[tuple[Message, list[int]]] = self._loop.create_future()
        self._waiting[number] = answer
        try:
            await self._send({"id": number, "do": do, **fields}, descriptors)
            message, passed = await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                _close_all(answer.result()[1])
            raise
        finally:
            self._waiting.pop(number, None)
        if "error" in message:
            raise OSError(message["errno"], message["error"])
        return message, passed

    async def _send(self, message: Message, descriptors: Sequence[int]) -> None:
        while True:
            if self.closed:
                raise BrokenPipeError(errno.EPIPE, "the sandbox's node, or this pod of it, has ended")
            try:
                channel.send(self._end, message, descriptors)
                return
            except BlockingIOError:
                await asyncio.sleep(_BUSY_SECONDS)

    def _read(self) -> None:
        while not self.closed:
            try:
                received = channel.receive(self._end)
            except BlockingIOError:
                return
            if received is None:
                self.close()
                self._on_end()
                return
            message, descriptors = received
            answer = self._waiting.get(message.get("id", 0))
            if answer is not None and not answer.done():
                answer.set_result((message, descriptors))
                continue
            _close_all(descriptors)
            if "event" in message:
                self._on_event(message)

    def close(self) -> None:
        """Stop reading; the agent at the other side ends. Open requests fail with EPIPE."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._end.fileno())
        self._end.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(BrokenPipeError(errno.EPIPE, "the sandbox's node has ended"))

    async def make_socket(self, kind: str) -> socket.socket:
        """A non-blocking IPv4 `tcp` or `udp` socket of the agent's network namespace. Raises OSError."""
        _, (descriptor,) = await self.request(
            "socket", family=socket.AF_INET, type=_SOCKET_TYPES[kind], protocol=0
        )
        made = socket.socket(fileno=descriptor)
        made.setblocking(False)
        return made

    async def apply_rules(self, batch: bytes) -> None:
        """Commit one nftables batch in the agent's network namespace. Raises OSError."""
        memory = os.memfd_create("rules", os.MFD_CLOEXEC)
        try:
            with open(memory, "wb", closefd=False) as file:
                file.write(batch)
            await self.request("rules", (memory,))
        finally:
            os.close(memory)


def _close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
