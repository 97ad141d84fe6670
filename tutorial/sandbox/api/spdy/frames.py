"""SPDY/3.1 frames: bytes to frames and back. Called by `connection`.

Settings and window updates are read past: kubectl's implementation keeps no windows, TCP's do the work.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from tutorial.sandbox.api.spdy.headers import HeaderCompressor, HeaderDecompressor, Headers

_CONTROL = 0x80030000
_FIN = 0x01
_PREFIX_BYTES = 8
_STREAM_MASK = 0x7FFFFFFF
_MAX_FRAME_BYTES = 4 * 1024 * 1024


class Kind(IntEnum):
    """The control frames that mean something here."""

    SYN_STREAM = 1
    SYN_REPLY = 2
    RST_STREAM = 3
    PING = 6
    GOAWAY = 7
    HEADERS = 8


_SHORTEST: dict[int, int] = {
    Kind.SYN_STREAM: 10,
    Kind.SYN_REPLY: 4,
    Kind.RST_STREAM: 8,
    Kind.PING: 4,
    Kind.GOAWAY: 8,
    Kind.HEADERS: 4,
}


class FrameError(ValueError):
    """What came is no SPDY/3.1."""


@dataclass(frozen=True, slots=True)
class SynStream:
    """The other side opens a stream."""

    stream: int
    headers: Headers
    fin: bool = False


@dataclass(frozen=True, slots=True)
class SynReply:
    """A stream that was opened is accepted."""

    stream: int
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a stream; with `fin` the last."""

    stream: int
    data: bytes
    fin: bool = False


@dataclass(frozen=True, slots=True)
class RstStream:
    """The stream is given up by the sender."""

    stream: int
    status: int


@dataclass(frozen=True, slots=True)
class Ping:
    """To be sent back as it is."""

    number: int


@dataclass(frozen=True, slots=True)
class GoAway:
    """No more streams are accepted by the sender."""

    last_stream: int
    status: int = 0


Frame = SynStream | SynReply | Data | RstStream | Ping | GoAway


class FrameWriter:
    """Frames of one direction to bytes, in order."""

    def __init__(self) -> None:
        self._compressor = HeaderCompressor()

    def encode(self, frame: Frame) -> bytes:
        match frame:
            case Data(stream, data, fin):
                return struct.pack(">II", stream, (fin << 24) | len(data)) + data
            case SynStream(stream, headers, fin):
                opening = struct.pack(">IIBB", stream, 0, 0, 0)
                return _control(Kind.SYN_STREAM, opening + self._compressor.compress(headers), int(fin))
            case SynReply(stream, headers):
                return _control(
                    Kind.SYN_REPLY, struct.pack(">I", stream) + self._compressor.compress(headers)
                )
            case RstStream(stream, status):
                return _control(Kind.RST_STREAM, struct.pack(">II", stream, status))
            case Ping(number):
                return _control(Kind.PING, struct.pack(">I", number))
            case GoAway(last_stream, status):
                return _control(Kind.GOAWAY, struct.pack(">II", last_stream, status))


class FrameReader:
    """Bytes of one direction, in pieces of any size, to frames."""

    def __init__(self) -> None:
        self._decompressor = HeaderDecompressor()
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now.

        Raises:
            FrameError, HeaderError: the bytes make no sense; nothing that follows would.
        """
        self._pending += data
        frames: list[Frame] = []
        while len(self._pending) >= _PREFIX_BYTES:
            first, second = struct.unpack_from(">II", self._pending)
            length = second & 0xFFFFFF
            if length > _MAX_FRAME_BYTES:
                raise FrameError(f"a frame of {length} bytes is too large")
            end = _PREFIX_BYTES + length
            if len(self._pending) < end:
                break
            body = bytes(self._pending[_PREFIX_BYTES:end])
            del self._pending[:end]
            frame = self._decode(first, second >> 24, body)
            if frame is not None:
                frames.append(frame)
        return frames

    def _decode(self, first: int, flags: int, body: bytes) -> Frame | None:
        fin = bool(flags & _FIN)
        if not first >> 31:
            return Data(first, body, fin)
        if first & 0xFFFF0000 != _CONTROL:
            raise FrameError("not SPDY version 3")
        kind = first & 0xFFFF
        if len(body) < _SHORTEST.get(kind, 0):
            raise FrameError(f"a control frame of type {kind} is cut short")
        return self._decode_control(kind, body, fin)

    def _decode_control(self, kind: int, body: bytes, fin: bool) -> Frame | None:
        match kind:
            case Kind.SYN_STREAM:
                return SynStream(_stream(body), self._decompressor.decompress(body[10:]), fin)
            case Kind.SYN_REPLY:
                return SynReply(_stream(body), self._decompressor.decompress(body[4:]))
            case Kind.RST_STREAM:
                return RstStream(_stream(body), _number(body, 4))
            case Kind.PING:
                return Ping(_number(body, 0))
            case Kind.GOAWAY:
                return GoAway(_stream(body), _number(body, 4))
            case Kind.HEADERS:  # what it says does not matter, that it passed the decompressor does
                self._decompressor.decompress(body[4:])
        return None


def _control(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack(">II", _CONTROL | kind, (flags << 24) | len(body)) + body


def _stream(body: bytes) -> int:
    return _number(body, 0) & _STREAM_MASK


def _number(body: bytes, position: int) -> int:
    (number,) = struct.unpack_from(">I", body, position)
    return int(number)
