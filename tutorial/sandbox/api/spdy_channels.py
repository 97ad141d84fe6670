"""A command's streams as streams of a SPDY connection: what kubectl up to 1.30 uses, and later ones where a
WebSocket is refused on the way. Called by `tutorial.sandbox.api.exec`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import web

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.remote_command import Channel
from tutorial.sandbox.api.spdy.connection import SpdyConnection, SpdyStream
from tutorial.sandbox.api.upgrade import UpgradedConnection
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]

_PROTOCOL = "v4.channel.k8s.io"
_PROTOCOL_HEADER = "X-Stream-Protocol-Version"
_OPENING_SECONDS = 30.0
_STREAM_TYPES = {
    "error": Channel.STATUS,
    "stdin": Channel.STDIN,
    "stdout": Channel.STDOUT,
    "stderr": Channel.STDERR,
    "resize": Channel.RESIZE,
}


def is_spdy(request: web.BaseRequest) -> bool:
    """The client wants to speak SPDY."""
    return request.headers.get("Upgrade", "").lower() == "spdy/3.1"


async def upgrade(request: web.BaseRequest, protocol: str) -> UpgradedConnection:
    """Agree on `protocol` and take the socket over.

    Raises:
        ApiError: 403: the client does not offer it.
    """
    offered = [
        part.strip() for value in request.headers.getall(_PROTOCOL_HEADER, []) for part in value.split(",")
    ]
    if protocol not in offered:
        message = (
            f"unable to upgrade: unable to negotiate protocol: client supports [{' '.join(offered)}], "
            f"server accepts [{protocol}]"
        )
        raise ApiError(403, "Forbidden", message)
    return await UpgradedConnection.accept(request, {"Upgrade": "SPDY/3.1", _PROTOCOL_HEADER: protocol})


class SpdyChannels:
    """See `remote_command.Channels`."""

    def __init__(self, response: web.StreamResponse, connection: SpdyConnection) -> None:
        self.response = response
        self._connection = connection
        self._streams: dict[Channel, SpdyStream] = {}

    @classmethod
    async def accept(cls, request: web.BaseRequest, wanted: frozenset[Channel]) -> SpdyChannels:
        """Switch to SPDY and wait for the streams that the client said it would open.

        Raises:
            ApiError: no protocol in common.
            ConnectionError: the client went, or did not open them in time.
        """
        upgraded = await upgrade(request, _PROTOCOL)
        channels = cls(upgraded.response, SpdyConnection(upgraded))
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                while not wanted <= channels._streams.keys():
                    await channels._await_stream()
        except TimeoutError:
            raise ConnectionResetError("the client did not open its streams") from None
        return channels

    async def _await_stream(self) -> None:
        event = await self._connection.next_event()
        if event is None:
            raise ConnectionResetError("the client went")
        channel = _STREAM_TYPES.get(event.stream.headers.get("streamtype", ""))
        if event.type == "opened" and channel is not None:
            self._streams[channel] = event.stream

    async def messages(self) -> AsyncIterator[tuple[Channel, bytes]]:
        while (event := await self._connection.next_event()) is not None:
            for channel in (Channel.STDIN, Channel.RESIZE):
                if event.stream is self._streams.get(channel) and event.type != "opened":
                    yield channel, event.data

    async def send(self, channel: Channel, data: bytes) -> None:
        stream = self._streams.get(channel)
        if stream is not None:
            await stream.write(data)

    async def finish(self, status: Object) -> None:
        with suppress(ConnectionError):
            for channel in (Channel.STDOUT, Channel.STDERR):
                if channel in self._streams:
                    await self._streams[channel].close()
            await self._streams[Channel.STATUS].write(orjson.dumps(status))
            await self._streams[Channel.STATUS].close()
            await self._connection.close()


def upgrade_required() -> ApiError:
    """What a plain request to a stream answers."""
    return errors.bad_request("Upgrade request required")
