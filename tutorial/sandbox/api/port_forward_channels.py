"""Port-forward as channels of one WebSocket: what client libraries use.

Called by `tutorial.sandbox.api.port_forward`. The query names the ports; the n-th has channel 2n for data and
2n+1 for errors, and each channel begins with the port in two bytes, the lower first.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.forward import Forward
from tutorial.sandbox.api.upgrade import accept_websocket, payload
from tutorial.sandbox.ports import PodRuntime

Object = dict[str, Any]

_PROTOCOL = "v4.channel.k8s.io"
_MOST_PORTS = 127


async def serve(request: web.BaseRequest, pod: Object, runtime: PodRuntime) -> web.StreamResponse:
    """Forward one connection to each port, until the client goes or all of them have ended.

    Raises:
        ApiError: 400: no port, or none that can be.
    """
    ports = _ports(request)
    socket = await accept_websocket(request, [_PROTOCOL])
    sinks = [_ChannelSink(socket, channel) for channel in range(2 * len(ports))]
    for channel, sink in enumerate(sinks):
        await sink.write(ports[channel // 2].to_bytes(2, "little"))
    forwards = [
        Forward(sinks[2 * n], sinks[2 * n + 1], str(port), pod, runtime) for n, port in enumerate(ports)
    ]
    intake = asyncio.create_task(_take_in(socket, forwards))
    tasks = [forward.task for forward in forwards]
    everything = asyncio.create_task(asyncio.wait(tasks))
    try:
        await asyncio.wait([intake, everything], return_when=asyncio.FIRST_COMPLETED)
        await socket.close()
    finally:
        for task in (intake, everything, *tasks):
            task.cancel()
        await asyncio.gather(intake, everything, *tasks, return_exceptions=True)
    return socket


async def _take_in(socket: web.WebSocketResponse, forwards: list[Forward]) -> None:
    async for message in socket:
        content = payload(message)
        if not content:
            continue
        number, kind = divmod(content[0], 2)
        if kind == 0 and number < len(forwards) and len(content) > 1 and not forwards[number].task.done():
            await forwards[number].input.put(content[1:])


class _ChannelSink:
    """See `forward.Sink`. A channel has no end of its own."""

    def __init__(self, socket: web.WebSocketResponse, channel: int) -> None:
        self._socket = socket
        self._prefix = bytes([channel])

    async def write(self, data: bytes) -> None:
        await self._socket.send_bytes(self._prefix + data)

    async def close(self) -> None:
        """Nothing to send."""


def _ports(request: web.BaseRequest) -> list[int]:
    texts = [text for value in request.query.getall("ports", []) for text in value.split(",")]
    numbers = [int(text) for text in texts if text.isdecimal() and 0 < int(text) < 65536]
    if not texts or len(numbers) != len(texts) or len(numbers) > _MOST_PORTS:
        raise errors.bad_request(
            f'you must specify at least 1 port, each from 1 to 65535: "{",".join(texts)}"'
        )
    return numbers
