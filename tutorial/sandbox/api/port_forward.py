"""`kubectl port-forward`: connections to a pod's own ports, as pairs of SPDY streams.

Called by `tutorial.sandbox.api.subresources`. A pair is one error stream and one data stream with the same
`requestid`; kubectl opens one for each local connection. Without SPDY, see `port_forward_channels`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from tutorial.sandbox.api import port_forward_channels
from tutorial.sandbox.api.forward import Forward
from tutorial.sandbox.api.spdy.connection import SpdyConnection, SpdyStream
from tutorial.sandbox.api.spdy_channels import is_spdy, upgrade, upgrade_required
from tutorial.sandbox.api.upgrade import WebSocketTunnel, accept_websocket
from tutorial.sandbox.api.websocket_channels import is_websocket
from tutorial.sandbox.ports import PodRuntime

Object = dict[str, Any]

PROTOCOL = "portforward.k8s.io"
TUNNEL = f"SPDY/3.1+{PROTOCOL}"


async def serve_port_forward(
    request: web.BaseRequest, pod: Object, runtime: PodRuntime
) -> web.StreamResponse:
    """Forward until the client goes.

    Raises:
        ApiError: 400: a request for no stream; 403: no protocol in common.
    """
    if is_websocket(request):
        if TUNNEL not in request.headers.get("Sec-WebSocket-Protocol", ""):
            return await port_forward_channels.serve(request, pod, runtime)
        socket = await accept_websocket(request, [TUNNEL])
        await _Forwarding(SpdyConnection(WebSocketTunnel(socket)), pod, runtime).run()
        return socket
    if not is_spdy(request):
        raise upgrade_required()
    upgraded = await upgrade(request, PROTOCOL)
    await _Forwarding(SpdyConnection(upgraded), pod, runtime).run()
    return upgraded.response


class _Forwarding:
    """One client and its connections."""

    def __init__(self, connection: SpdyConnection, pod: Object, runtime: PodRuntime) -> None:
        self._connection = connection
        self._pod = pod
        self._runtime = runtime
        self._errors: dict[str, SpdyStream] = {}
        self._forwards: dict[SpdyStream, Forward] = {}

    async def run(self) -> None:
        try:
            while (event := await self._connection.next_event()) is not None:
                if event.type == "opened":
                    self._open(event.stream)
                elif event.stream in self._forwards:
                    await self._forwards[event.stream].input.put(event.data)
            await self._connection.close()
        finally:
            tasks = [forward.task for forward in self._forwards.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _open(self, stream: SpdyStream) -> None:
        request = stream.headers.get("requestid", "")
        if stream.headers.get("streamtype") == "error":
            self._errors[request] = stream
            return
        errors = self._errors.pop(request, None)
        if errors is not None:
            port = stream.headers.get("port", "")
            forward = self._forwards[stream] = Forward(stream, errors, port, self._pod, self._runtime)
            forward.task.add_done_callback(lambda _task: self._forwards.pop(stream, None))
