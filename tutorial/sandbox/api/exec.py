"""`kubectl exec`: a command's standard streams as channels of one WebSocket.

Called by `tutorial.sandbox.api.subresources`. The first byte of a message is its channel: 0 stdin, 1 stdout,
2 stderr, 3 the final Status, 4 the terminal's size; 255 closes the channel in its second byte (v5).
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.descriptors import read_chunks, write_all
from tutorial.sandbox.ports import ExecSession, PodRuntime
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_MAX_MESSAGE = 4 * 1024 * 1024
_DRAIN_SECONDS = 1.0


async def serve_exec(
    request: web.BaseRequest, pod: Object, container: str, runtime: PodRuntime
) -> web.StreamResponse:
    """Run the command and carry its streams until it ends or the client goes.

    Raises:
        ApiError: 400: no command, or no WebSocket.
    """
    query = request.query
    command = query.getall("command", [])
    if not command:
        raise errors.bad_request("you must specify at least one command for the container")
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise errors.bad_request("unable to upgrade: the sandbox speaks WebSocket (kubectl 1.30 or later)")
    socket = web.WebSocketResponse(protocols=PROTOCOLS, compress=False, max_msg_size=_MAX_MESSAGE)
    await socket.prepare(request)
    try:
        session = await runtime.exec(
            pod, container, command, stdin=_is_true(query.get("stdin")), tty=_is_true(query.get("tty"))
        )
    except ApiError as error:
        await _finish(socket, error.to_status())
        return socket
    await _Conversation(socket, session).run()
    return socket


class _Conversation:
    """One running command and the WebSocket of its client."""

    def __init__(self, socket: web.WebSocketResponse, session: ExecSession) -> None:
        self._socket = socket
        self._session = session
        self._stdin = session.stdin
        self._has_terminal = session.stderr is None

    async def run(self) -> None:
        outputs = [asyncio.create_task(self._send(_STDOUT, self._session.stdout))]
        if self._session.stderr is not None:
            outputs.append(asyncio.create_task(self._send(_STDERR, self._session.stderr)))
        inputs = asyncio.create_task(self._receive())
        ended = asyncio.create_task(self._session.wait())
        try:
            await asyncio.wait({ended, inputs}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                self._session.kill()
            code = await ended
            await asyncio.wait(outputs, timeout=_DRAIN_SECONDS)
            await _finish(self._socket, _status(code))
        finally:
            if not ended.done():
                self._session.kill()
            for task in (*outputs, inputs, ended):
                task.cancel()
            await asyncio.gather(*outputs, inputs, ended, return_exceptions=True)
            self._close_descriptors()

    async def _send(self, channel: int, descriptor: int) -> None:
        prefix = bytes([channel])
        async for chunk in read_chunks(descriptor):
            await self._socket.send_bytes(prefix + chunk)

    async def _receive(self) -> None:
        """Carry input to the command; ends when the client goes."""
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY or not message.data:
                continue
            channel, data = message.data[0], message.data[1:]
            if channel == _STDIN:
                await self._to_stdin(data)
            elif channel == _RESIZE:
                self._resize(data)
            elif channel == _CLOSE and data[:1] == b"\x00":
                self._end_of_input()

    async def _to_stdin(self, data: bytes) -> None:
        if self._stdin is None:
            return
        try:
            await write_all(self._stdin, data)
        except OSError:
            self._end_of_input()

    def _resize(self, data: bytes) -> None:
        try:
            size = orjson.loads(data)
            self._session.resize(int(size["Width"]), int(size["Height"]))
        except (ValueError, KeyError, TypeError, OSError):
            return

    def _end_of_input(self) -> None:
        if self._stdin is not None and not self._has_terminal:
            os.close(self._stdin)
            self._stdin = None

    def _close_descriptors(self) -> None:
        for descriptor in (self._stdin, self._session.stdout, self._session.stderr):
            if descriptor is not None:
                os.close(descriptor)


def _status(code: int) -> Object:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


async def _finish(socket: web.WebSocketResponse, status: Object) -> None:
    if socket.closed:
        return
    try:
        await socket.send_bytes(bytes([_STATUS]) + orjson.dumps(status))
        await socket.close()
    except ConnectionError:
        return


def _is_true(text: str | None) -> bool:
    return text in ("true", "1")
