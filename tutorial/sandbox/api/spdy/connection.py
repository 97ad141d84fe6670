"""The server's side of a SPDY connection: streams that the client opens, what comes on them, answers.

Called by the modules of `tutorial.sandbox.api` that serve exec, attach and port-forward.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from tutorial.sandbox.api.spdy.frames import (
    Data,
    Frame,
    FrameError,
    FrameReader,
    FrameWriter,
    GoAway,
    Ping,
    RstStream,
    SynReply,
    SynStream,
)
from tutorial.sandbox.api.spdy.headers import HeaderError, Headers
from tutorial.sandbox.api.upgrade import ByteStream

_MAX_STREAMS = 1024
_REFUSED_STREAM = 3
_PROTOCOL_ERROR = 1


class SpdyStream:
    """A stream that the client opened. `headers` have names in lower case."""

    def __init__(self, connection: SpdyConnection, number: int, headers: Headers) -> None:
        self.number = number
        self.headers = headers
        self._connection = connection
        self._closed = False

    async def write(self, data: bytes) -> None:
        """Raises ConnectionError when the client is gone."""
        if not self._closed:
            await self._connection.send(Data(self.number, data))

    async def close(self) -> None:
        """Nothing more comes from this side."""
        if not self._closed:
            self._closed = True
            await self._connection.send(Data(self.number, b"", fin=True))

    def drop(self) -> None:
        """The client gave it up: nothing that is written goes out any more."""
        self._closed = True


@dataclass(frozen=True, slots=True)
class Event:
    """A stream was `opened`, brought `data`, or `ended` (the client sends no more on it)."""

    type: Literal["opened", "data", "ended"]
    stream: SpdyStream
    data: bytes = b""


class SpdyConnection:
    """Streams over `transport`. One task reads events; any may write."""

    def __init__(self, transport: ByteStream) -> None:
        self._transport = transport
        self._reader = FrameReader()
        self._writer = FrameWriter()
        self._streams: dict[int, SpdyStream] = {}
        self._last_stream = 0
        self._closed = False
        self._events: deque[Event] = deque()

    async def next_event(self) -> Event | None:
        """What the client does next; None when it has gone, or speaks no SPDY."""
        while not self._events:
            try:
                data = await self._transport.read()
                if not data:
                    return None
                for frame in self._reader.feed(data):
                    await self._handle(frame)
            except (FrameError, HeaderError):
                await self.close(_PROTOCOL_ERROR)
                return None
            except ConnectionError:
                return None
        return self._events.popleft()

    async def send(self, frame: Frame) -> None:
        """Raises ConnectionError when the client is gone."""
        await self._transport.write(self._writer.encode(frame))

    async def close(self, status: int = 0) -> None:
        """Say that this is the end, and wait a moment for the client to go. Never raises."""
        if self._closed:
            return
        self._closed = True
        with suppress(ConnectionError):
            await self.send(GoAway(self._last_stream, status))
            await self._transport.close()

    async def _handle(self, frame: Frame) -> None:
        match frame:
            case SynStream():
                await self._open(frame)
            case Data(number, data, fin):
                stream = self._streams.get(number)
                if stream is not None and data:
                    self._events.append(Event("data", stream, data))
                if stream is not None and fin:
                    self._end(number)
            case RstStream(number, _):
                if number in self._streams:
                    self._streams[number].drop()
                    self._end(number)
            case Ping():
                await self.send(frame)

    async def _open(self, frame: SynStream) -> None:
        if frame.stream <= self._last_stream or len(self._streams) >= _MAX_STREAMS:
            await self.send(RstStream(frame.stream, _REFUSED_STREAM))
            return
        self._last_stream = frame.stream
        stream = self._streams[frame.stream] = SpdyStream(self, frame.stream, frame.headers)
        await self.send(SynReply(frame.stream))
        self._events.append(Event("opened", stream))
        if frame.fin:
            self._end(frame.stream)

    def _end(self, number: int) -> None:
        self._events.append(Event("ended", self._streams.pop(number)))
