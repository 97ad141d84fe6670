"""Several GETs at once: sent together over one connection and answered in order (HTTP/1.1 pipelining,
RFC 9112, section 9.3.2), so that a look at ten objects takes one round trip.

Called by `tutorial.backends.rest`, which asks one by one for what does not come.
"""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import cast

from tutorial.backends.response import Response


class _Reader(io.BufferedReader):
    """What was read ahead with one answer belongs to the next, so that none may close it."""

    def close(self) -> None:
        """See the class; `release` ends it."""

    def release(self) -> None:
        super().close()

    def makefile(self, *_: object) -> _Reader:
        """As a socket has it: `HTTPResponse` asks for its file."""
        return self


def get_all(
    stream: socket.socket,
    host: str,
    paths: Sequence[str],
    headers: Iterable[tuple[str, str]],
    take: Callable[[Response], None],
) -> None:
    """Send a GET for each path and hand each answer to `take`, in order.

    Raises:
        OSError: the connection was cut, or an answer took longer than the stream's timeout.
        HTTPException: what came is no HTTP, or the server wants no more requests.
    """
    lines = "".join(f"{name}: {value}\r\n" for name, value in (("Host", host), *headers))
    stream.sendall("".join(f"GET {path} HTTP/1.1\r\n{lines}\r\n" for path in paths).encode("latin-1"))
    reader = _Reader(socket.SocketIO(stream, "r"))
    try:
        for _ in paths:
            answer = http.client.HTTPResponse(cast(socket.socket, reader), method="GET")
            answer.begin()
            content = answer.read()
            take(
                Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)
            )
            if answer.will_close:
                raise http.client.RemoteDisconnected("The server closes the connection.")
    finally:
        reader.release()
