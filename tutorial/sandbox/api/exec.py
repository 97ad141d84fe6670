"""`kubectl exec` and `kubectl attach`: a container's streams over whichever protocol the client speaks.

Called by `tutorial.sandbox.api.subresources`.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.remote_command import SUCCESS, Channel, Conversation, exit_status
from tutorial.sandbox.api.spdy_channels import SpdyChannels, is_spdy, upgrade_required
from tutorial.sandbox.api.websocket_channels import WebSocketChannels, is_websocket
from tutorial.sandbox.ports import PodRuntime
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]


async def serve_exec(
    request: web.BaseRequest, pod: Object, container: str, runtime: PodRuntime
) -> web.StreamResponse:
    """Run the command and carry its streams until it ends or the client goes.

    Raises:
        ApiError: 400: no command, or a request for no stream.
    """
    query = request.query
    command = query.getall("command", [])
    if not command:
        raise errors.bad_request("you must specify at least one command for the container")
    channels = await _accept(request)
    try:
        session = await runtime.exec(
            pod, container, command, stdin=_asked(request, "stdin"), tty=_asked(request, "tty")
        )
    except ApiError as error:
        await channels.finish(error.to_status())
        return channels.response
    code = await Conversation(channels, session).run()
    if code is not None:
        await channels.finish(exit_status(code))
    return channels.response


async def serve_attach(
    request: web.BaseRequest, pod: Object, container: str, runtime: PodRuntime
) -> web.StreamResponse:
    """Carry the streams of a container's own program until it ends or the client goes. The answer is
    Success whatever its exit code: the container's status tells that.

    Raises:
        ApiError: 400: a request for no stream.
    """
    channels = await _accept(request)
    try:
        session = await runtime.attach(pod, container, stdin=_asked(request, "stdin"))
    except ApiError as error:
        await channels.finish(error.to_status())
        return channels.response
    if await Conversation(channels, session).run() is not None:
        await channels.finish(SUCCESS)
    return channels.response


async def _accept(request: web.BaseRequest) -> WebSocketChannels | SpdyChannels:
    wanted = _wanted_channels(request)
    if is_websocket(request):
        return await WebSocketChannels.accept(request, wanted)
    if is_spdy(request):
        return await SpdyChannels.accept(request, wanted)
    raise upgrade_required()


def _wanted_channels(request: web.BaseRequest) -> frozenset[Channel]:
    has_terminal = _asked(request, "tty")
    asked = {
        Channel.STDIN: _asked(request, "stdin"),
        Channel.STDOUT: _asked(request, "stdout", "true"),
        Channel.STDERR: not has_terminal and _asked(request, "stderr", "true"),
    }
    if not any(asked.values()):
        raise errors.bad_request("you must specify at least 1 of stdin, stdout, stderr")
    asked |= {Channel.STATUS: True, Channel.RESIZE: has_terminal}
    return frozenset(channel for channel, is_asked in asked.items() if is_asked)


def _asked(request: web.BaseRequest, name: str, default: str = "") -> bool:
    return request.query.get(name, default) in ("true", "1")
