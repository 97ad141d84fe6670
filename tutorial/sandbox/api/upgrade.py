"""A connection that stops speaking HTTP: raw bytes after `101 Switching Protocols`, or WebSocket messages
that carry them. Made by the modules that serve SPDY.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol, cast

from aiohttp import WSMessage, WSMsgType, web
from aiohttp.http import WebSocketReader

from tutorial.sandbox.api import errors

_READ_BYTES = 64 * 1024
_CLOSE_SECONDS = 1.0
_MAX_MESSAGE = 4 * 1024 * 1024


class ByteStream(Protocol):
    """Bytes in both directions."""

    async def read(self) -> bytes:
        """What came, empty at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Raises ConnectionError when the other side is gone."""
        ...

    async def close(self) -> None:
        """Wait for the other side to read what was written and to go, for a moment."""
        ...


class _Intake:
    """What aiohttp hands incoming bytes to: a reader that pauses the socket when it is full."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self._reader.feed_data(data)
        return False, b""

    def feed_eof(self) -> None:
        self._reader.feed_eof()


class UpgradedConnection:
    """The socket of a request, from its answer on. `response` is what the handler returns."""

    def __init__(self, response: web.StreamResponse, reader: asyncio.StreamReader) -> None:
        self.response = response
        self._reader = reader

    @classmethod
    async def accept(cls, request: web.BaseRequest, headers: dict[str, str]) -> UpgradedConnection:
        """Answer 101 with `headers` and take the socket over.

        Raises:
            ConnectionError: the client is gone.
        """
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        reader = asyncio.StreamReader(_READ_BYTES)
        reader.set_transport(transport)
        # aiohttp's annotation names its own parser; it calls no more of it than these two methods.
        request.protocol.set_parser(cast(WebSocketReader, _Intake(reader)))
        response = web.StreamResponse(status=101, headers={"Connection": "Upgrade", **headers})
        response.force_close()
        await response.prepare(request)
        return cls(response, reader)

    async def read(self) -> bytes:
        return await self._reader.read(_READ_BYTES)

    async def write(self, data: bytes) -> None:
        await self.response.write(data)

    async def close(self) -> None:
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                while await self.read():
                    pass


async def accept_websocket(request: web.BaseRequest, protocols: Sequence[str]) -> web.WebSocketResponse:
    """Answer a WebSocket's handshake.

    Raises:
        ApiError: 400: what the client sent is no handshake.
    """
    socket = web.WebSocketResponse(protocols=protocols, compress=False, max_msg_size=_MAX_MESSAGE)
    try:
        await socket.prepare(request)
    except web.HTTPBadRequest as refusal:
        raise errors.bad_request(f"websocket: {refusal.text}") from None
    return socket


def payload(message: WSMessage) -> bytes | None:
    """A message's bytes, whichever kind of message the client put them in; None for one without any."""
    match message.type:
        case WSMsgType.BINARY:
            return bytes(message.data)
        case WSMsgType.TEXT:
            return str(message.data).encode()
    return None


class WebSocketTunnel:
    """A byte stream in the binary messages of a WebSocket."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        while (data := payload(await self._socket.receive())) is not None:
            if data:
                return data
        return b""

    async def write(self, data: bytes) -> None:
        await self._socket.send_bytes(data)

    async def close(self) -> None:
        with suppress(ConnectionError):
            await self._socket.close()
