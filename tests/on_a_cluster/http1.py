"""As much HTTP/1.1 as a proxy needs: heads, and bodies copied piece by piece (RFC 9112).

Used by `tests/on_a_cluster/proxy.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

_WITHOUT_BODY = frozenset({204, 304})


@dataclass
class Head:
    """The first line and the header fields of a request or an answer, names as they were sent."""

    start: str
    fields: list[tuple[str, str]]

    def get(self, name: str) -> str:
        return next((value for known, value in self.fields if known.lower() == name), "")

    def replace(self, name: str, *values: str) -> None:
        """Put these values in place of all that the field has; none takes it away."""
        self.fields = [each for each in self.fields if each[0].lower() != name.lower()]
        self.fields += [(name, value) for value in values]

    def encode(self) -> bytes:
        lines = [self.start, *(f"{name}: {value}" for name, value in self.fields)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    @property
    def is_chunked(self) -> bool:
        return self.get("transfer-encoding").lower() == "chunked"

    @property
    def status(self) -> int:
        """Of an answer."""
        return int(self.start.split(" ", 2)[1])


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next head, or None when the other side has closed."""
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    start, *lines = text.rstrip("\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Head(start, [(name, value.strip()) for name, _, value in pairs])


async def body_of(head: Head, reader: asyncio.StreamReader, *, method: str = "") -> AsyncIterator[bytes]:
    """The content in pieces as they come. `method` is the request's where the head is an answer's."""
    answer = head.start.startswith("HTTP/")
    if answer and (method == "HEAD" or head.status in _WITHOUT_BODY):
        return
    if head.is_chunked:
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            yield (await reader.readexactly(size + 2))[:size]
        await reader.readexactly(2)
    elif head.get("content-length"):
        left = int(head.get("content-length"))
        while left:
            piece = await reader.read(min(left, 65536))
            if not piece:
                raise ConnectionError("the body was cut")
            left -= len(piece)
            yield piece
    elif answer:
        while piece := await reader.read(65536):
            yield piece


def framed(head: Head, content: bytes) -> bytes:
    """A piece of content as this head says that it is sent; an empty piece ends the body."""
    if not head.is_chunked:
        return content
    return b"%x\r\n%s\r\n" % (len(content), content)
