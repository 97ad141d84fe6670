"""A command's streams as channels of one WebSocket: what kubectl 1.31 and the client libraries use.

Called by `tutorial.sandbox.api.exec`. A message's first byte is its channel; 255 closes the channel in its
second byte (v5).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
from aiohttp import web

from tutorial.sandbox.api.remote_command import Channel
from tutorial.sandbox.api.upgrade import accept_websocket, payload

Object = dict[str, Any]

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_CLOSE = 255


def is_websocket(request: web.BaseRequest) -> bool:
    """The client wants to speak WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


class WebSocketChannels:
    """See `remote_command.Channels`. `wanted` are the streams that the client asked for."""

    def __init__(self, socket: web.WebSocketResponse, wanted: frozenset[Channel]) -> None:
        self.response = socket
        self._wanted = wanted

    @classmethod
    async def accept(cls, request: web.BaseRequest, wanted: frozenset[Channel]) -> WebSocketChannels:
        """Answer the request's handshake.

        Raises:
            ApiError: 400: it is none.
        """
        return cls(await accept_websocket(request, _PROTOCOLS), wanted)

    async def messages(self) -> AsyncIterator[tuple[Channel, bytes]]:
        async for message in self.response:
            content = payload(message)
            if not content:
                continue
            number, data = content[0], content[1:]
            if number == _CLOSE and data[:1] == bytes([Channel.STDIN]):
                yield Channel.STDIN, b""
            elif number in (Channel.STDIN, Channel.RESIZE) and data:
                yield Channel(number), data

    async def send(self, channel: Channel, data: bytes) -> None:
        if channel in self._wanted:
            await self.response.send_bytes(bytes([channel]) + data)

    async def finish(self, status: Object) -> None:
        if self.response.closed:
            return
        try:
            await self.response.send_bytes(bytes([Channel.STATUS]) + orjson.dumps(status))
            await self.response.close()
        except ConnectionError:
            return
