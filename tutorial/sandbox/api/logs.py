"""`kubectl logs`: a container's output as a stream of text. Called by `tutorial.sandbox.api.subresources`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from tutorial.sandbox.api import errors, replies
from tutorial.sandbox.ports import PodRuntime

Object = dict[str, Any]


async def serve_logs(
    request: web.BaseRequest, pod: Object, container: str, runtime: PodRuntime
) -> web.StreamResponse:
    """Stream the log; with `follow` until the container or the client ends.

    Raises:
        ApiError: 400: the container did not start, or a parameter cannot be read.
    """
    query = request.query
    since = _since(query.get("sinceTime", ""), query.get("sinceSeconds", ""))
    timestamps = _is_true(query.get("timestamps"))
    chunks = await runtime.logs(
        pod,
        container,
        follow=_is_true(query.get("follow")),
        tail=_whole(query.get("tailLines", ""), "tailLines"),
        timestamps=timestamps or since is not None,
        previous=_is_true(query.get("previous")),
    )
    if since is not None:
        chunks = _later_than(chunks, since, keep_timestamps=timestamps)
    limit = _whole(query.get("limitBytes", ""), "limitBytes")
    response = web.StreamResponse(
        headers={"Content-Type": "text/plain", "Cache-Control": "no-cache, private"}
    )
    replies.stream(request, response)
    await response.prepare(request)
    try:
        async for chunk in chunks:
            shown = chunk if limit is None else chunk[:limit]
            if shown:
                await response.write(shown)
            if limit is not None:
                limit -= len(shown)
                if limit == 0:
                    break
    except ConnectionError:
        pass
    return response


async def _later_than(
    chunks: AsyncIterator[bytes], since: datetime, *, keep_timestamps: bool
) -> AsyncIterator[bytes]:
    """The lines that were written after `since`. Lines begin with their time."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            stamp, _, text = line.partition(b" ")
            if _moment(stamp.decode("ascii", "replace")) >= since:
                yield (line if keep_timestamps else text) + b"\n"


def _moment(text: str) -> datetime:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}+00:00")


def _since(moment: str, seconds: str) -> datetime | None:
    try:
        if moment:
            return _moment(moment)
    except ValueError:
        raise errors.bad_request(f'sinceTime: Invalid value: "{moment}": not a time') from None
    count = _whole(seconds, "sinceSeconds")
    return None if count is None else datetime.now(UTC) - timedelta(seconds=count)


def _whole(text: str, name: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise errors.bad_request(f'{name}: Invalid value: "{text}": must be greater than or equal to 0')
    return int(text)


def _is_true(text: str | None) -> bool:
    return text in ("true", "1")
