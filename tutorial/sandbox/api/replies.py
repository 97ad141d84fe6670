"""Answers on the wire: JSON, Status, warnings. Called by the server and its handlers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import orjson
from aiohttp import HttpVersion11, web

from tutorial.sandbox.status import ApiError

MAX_WARNINGS = 4096
"""Characters of all warnings of one answer together, as in Kubernetes: beyond, each is cut."""

MAX_CUT_WARNING = 256

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-cache, private"}


def json_reply(document: Any, status: int = 200, warnings: Iterable[str] = ()) -> web.Response:
    """A document, with one Warning header for each warning."""
    response = web.Response(status=status, body=orjson.dumps(document), headers=_JSON)
    add_warnings(response, warnings)
    return response


def raw_json(body: bytes, status: int = 200) -> web.Response:
    """A document that is already JSON."""
    return web.Response(status=status, body=body, headers=_JSON)


def stream(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Let an answer without a length grow as it comes; in HTTP 1.0 the connection's end is its end."""
    if request.version >= HttpVersion11:
        response.enable_chunked_encoding()


def text_reply(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=text)


def path_not_found() -> web.Response:
    """What an unknown path answers: plain text, so that kubectl speaks of a missing type."""
    return text_reply("404 page not found\n", 404)


def error_reply(error: ApiError, warnings: Iterable[str] = ()) -> web.Response:
    return json_reply(error.to_status(), error.code, warnings)


def add_warnings(response: web.StreamResponse, warnings: Iterable[str]) -> None:
    """One Warning header for each warning that can be one; when they are long together, they are cut."""
    texts = [text for text in dict.fromkeys(warnings) if text and not _CONTROL.search(text)]
    if sum(map(len, texts)) > MAX_WARNINGS:
        texts = [text[:MAX_CUT_WARNING] for text in texts][: MAX_WARNINGS // MAX_CUT_WARNING]
    for text in texts:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{quoted}"')
