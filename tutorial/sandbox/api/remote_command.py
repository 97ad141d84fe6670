"""A running command, or one attached to, and its client: streams in both directions until either ends.

Called by `tutorial.sandbox.api.exec`, over `websocket_channels` or `spdy_channels`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from enum import IntEnum
from typing import Any, Protocol

import orjson

from tutorial.sandbox.descriptors import read_chunks, write_all
from tutorial.sandbox.ports import ExecSession

Object = dict[str, Any]

_DRAIN_SECONDS = 1.0


class Channel(IntEnum):
    """The streams by their numbers in the WebSocket protocols."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    STATUS = 3
    RESIZE = 4


class Channels(Protocol):
    """The client's streams."""

    def messages(self) -> AsyncIterator[tuple[Channel, bytes]]:
        """What the client sends; empty bytes end a channel. Ends when the client goes."""
        ...

    async def send(self, channel: Channel, data: bytes) -> None:
        """Raises ConnectionError when the client is gone."""
        ...

    async def finish(self, status: Object) -> None:
        """Send the final Status and close. Never raises."""
        ...


SUCCESS: Object = {"metadata": {}, "status": "Success"}


def exit_status(code: int) -> Object:
    """The Status that carries a command's exit code."""
    if code == 0:
        return SUCCESS
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


class Conversation:
    """One session and its client."""

    def __init__(self, channels: Channels, session: ExecSession) -> None:
        self._channels = channels
        self._session = session
        self._stdin = session.stdin
        self._has_terminal = session.stderr is None

    async def run(self) -> int | None:
        """Carry the streams until the session ends; its exit code. None when the client went first: the
        session is killed then."""
        outputs = [asyncio.create_task(self._send(Channel.STDOUT, self._session.stdout))]
        if self._session.stderr is not None:
            outputs.append(asyncio.create_task(self._send(Channel.STDERR, self._session.stderr)))
        inputs = asyncio.create_task(self._receive())
        ended = asyncio.create_task(self._session.wait())
        try:
            await asyncio.wait({ended, inputs}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                return None
            await asyncio.wait(outputs, timeout=_DRAIN_SECONDS)
            return ended.result()
        finally:
            if not ended.done():
                self._session.kill()
            for task in (*outputs, inputs, ended):
                task.cancel()
            await asyncio.gather(*outputs, inputs, ended, return_exceptions=True)
            self._close_descriptors()

    async def _send(self, channel: Channel, descriptor: int) -> None:
        async for chunk in read_chunks(descriptor):
            await self._channels.send(channel, chunk)

    async def _receive(self) -> None:
        """Carry input to the command; ends when the client goes."""
        async for channel, data in self._channels.messages():
            if channel is Channel.STDIN:
                await self._to_stdin(data)
            elif channel is Channel.RESIZE:
                self._resize(data)

    async def _to_stdin(self, data: bytes) -> None:
        if self._stdin is None:
            return
        if not data:
            self._end_of_input()
            return
        try:
            await write_all(self._stdin, data)
        except OSError:
            self._end_of_input()

    def _resize(self, data: bytes) -> None:
        try:
            size = orjson.loads(data)
            self._session.resize(int(size["Width"]), int(size["Height"]))
        except (ValueError, KeyError, TypeError, OverflowError, OSError):
            return

    def _end_of_input(self) -> None:
        if self._stdin is not None and not self._has_terminal:
            os.close(self._stdin)
            self._stdin = None

    def _close_descriptors(self) -> None:
        for descriptor in (self._stdin, self._session.stdout, self._session.stderr):
            if descriptor is not None:
                os.close(descriptor)
