"""SPDY framing, and the server's side of a connection, against the same framing in the client's role."""

from __future__ import annotations

import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial.sandbox.api.spdy.connection import SpdyConnection
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
from tutorial.sandbox.api.spdy.headers import DICTIONARY, HeaderCompressor, HeaderDecompressor, HeaderError

_NUMBERS = st.integers(1, 2**31 - 1)
_HEADERS = st.dictionaries(st.text("abcdefgh-", min_size=1), st.text(max_size=30), max_size=4)
_FRAMES = st.one_of(
    st.builds(SynStream, _NUMBERS, _HEADERS, st.booleans()),
    st.builds(SynReply, _NUMBERS, _HEADERS),
    st.builds(Data, _NUMBERS, st.binary(max_size=200), st.booleans()),
    st.builds(RstStream, _NUMBERS, _NUMBERS),
    st.builds(Ping, _NUMBERS),
    st.builds(GoAway, _NUMBERS, _NUMBERS),
)


def test_the_dictionary_is_the_specifications() -> None:
    """Every SPDY/3 header block begins with this checksum of the dictionary."""
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)
    assert HeaderCompressor().compress({})[2:6].hex() == "e3c6a7c2"


@given(st.lists(_FRAMES, max_size=8), st.integers(1, 50))
def test_frames_survive_the_wire_in_pieces_of_any_size(frames: list[Frame], size: int) -> None:
    writer, reader = FrameWriter(), FrameReader()
    wire = b"".join(writer.encode(frame) for frame in frames)
    read = [frame for start in range(0, len(wire), size) for frame in reader.feed(wire[start : start + size])]
    assert read == frames


@given(st.binary(max_size=300))
def test_noise_is_refused_or_waits_for_more(noise: bytes) -> None:
    with suppress(FrameError, HeaderError):
        FrameReader().feed(noise)


@pytest.mark.parametrize(
    "wire",
    [
        "8002000100000000",  # SPDY/2
        "8003000100000000",  # SYN_STREAM without its fields
        "00000001ffffffff",  # 16 megabytes in one frame
        "800300010000000b0000000100000000000099",  # a header block that is no zlib
    ],
)
def test_what_is_no_spdy(wire: str) -> None:
    with pytest.raises((FrameError, HeaderError)):
        FrameReader().feed(bytes.fromhex(wire))


def test_a_header_block_that_unpacks_to_too_much() -> None:
    bomb = HeaderCompressor().compress({"a": "x" * 1_000_000})
    with pytest.raises(HeaderError, match="too large"):
        HeaderDecompressor().decompress(bomb)


class _Wire:
    """What a client sends, one piece for each read; and what it receives."""

    def __init__(self, *frames: Frame, raw: bytes = b"") -> None:
        writer = FrameWriter()
        self._pieces = [writer.encode(frame) for frame in frames] + [raw, b""]
        self._reader = FrameReader()
        self.received: list[Frame] = []
        self.closed = False

    async def read(self) -> bytes:
        return self._pieces.pop(0)

    async def write(self, data: bytes) -> None:
        self.received += self._reader.feed(data)

    async def close(self) -> None:
        self.closed = True


async def _events(wire: _Wire) -> list[tuple[str, int, bytes]]:
    connection = SpdyConnection(wire)
    events = []
    while (event := await connection.next_event()) is not None:
        events.append((event.type, event.stream.number, event.data))
    return events


async def test_streams_open_bring_data_and_end() -> None:
    wire = _Wire(SynStream(1, {"streamtype": "stdin"}), Data(1, b"a"), Ping(7), Data(1, b"b", fin=True))
    assert await _events(wire) == [
        ("opened", 1, b""),
        ("data", 1, b"a"),
        ("data", 1, b"b"),
        ("ended", 1, b""),
    ]
    assert wire.received == [SynReply(1), Ping(7)]


async def test_a_stream_that_is_given_up_takes_no_more() -> None:
    wire = _Wire(SynStream(1, {}), RstStream(1, 5))
    connection = SpdyConnection(wire)
    opened = await connection.next_event()
    assert opened is not None
    await opened.stream.write(b"before")
    ended = await connection.next_event()
    assert ended is not None and ended.type == "ended"
    await opened.stream.write(b"after")
    assert wire.received == [SynReply(1), Data(1, b"before")]


async def test_a_number_is_used_once_and_data_of_no_stream_is_dropped() -> None:
    wire = _Wire(SynStream(3, {}), SynStream(1, {}), Data(9, b"x"))
    assert await _events(wire) == [("opened", 3, b"")]
    assert wire.received == [SynReply(3), RstStream(1, 3)]


async def test_noise_ends_the_connection_with_a_word() -> None:
    wire = _Wire(raw=bytes.fromhex("8002000100000000"))
    assert await _events(wire) == []
    assert wire.received == [GoAway(0, 1)]
    assert wire.closed
