"""Several GETs at once: sent together over one connection and answered in order (HTTP/1.1 pipelining,
RFC 9112, section 9.3.2), so that a look at ten objects takes one round trip, and one at everything in a
namespace a few.

Called by `tutorial.backends.rest`, which asks one by one for what does not come.
"""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import cast

from tutorial.backends.response import Response

UNANSWERED_BYTES = 32 * 1024
"""How much of the requests may be under way. A server answers one after the other and meanwhile reads
no more than its buffers hold: with more, each side could wait for the other to read."""


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
    requests = [f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode() for path in paths]
    reader = _Reader(socket.SocketIO(stream, "r"))
    sent = 0
    try:
        for answered in range(len(requests)):
            upto = _sendable(requests, answered, sent)
            if upto > sent:
                stream.sendall(b"".join(requests[sent:upto]))
                sent = upto
            answer, closes = _read_answer(reader)
            take(answer)
            if closes:
                raise http.client.RemoteDisconnected("The server closes the connection.")
    finally:
        reader.release()


def _sendable(requests: Sequence[bytes], answered: int, sent: int) -> int:
    """How many of the requests may have been sent, when so many were answered and sent."""
    under_way = sum(map(len, requests[answered:sent]))
    while sent < len(requests) and (sent == answered or under_way + len(requests[sent]) <= UNANSWERED_BYTES):
        under_way += len(requests[sent])
        sent += 1
    return sent


def _read_answer(reader: _Reader) -> tuple[Response, bool]:
    """The next answer, and whether it is the last on this connection."""
    answer = http.client.HTTPResponse(cast(socket.socket, reader), method="GET")
    answer.begin()
    content = answer.read()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return Response(answer.status, headers, content), answer.will_close
