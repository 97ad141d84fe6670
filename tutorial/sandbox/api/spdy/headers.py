"""SPDY's header blocks: names and values, compressed with one zlib state for each direction.

Called by `frames`. Layout and dictionary: the SPDY/3 specification, 2.6.10.1.
"""

from __future__ import annotations

import struct
import zlib

Headers = dict[str, str]

_MAX_BLOCK_BYTES = 64 * 1024

_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges "
    "age allow authorization cache-control connection content-base content-encoding content-language "
    "content-length content-location content-md5 content-range content-type date etag expect expires from "
    "host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location "
    "max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer "
    "transfer-encoding upgrade user-agent vary via warning www-authenticate method get status"
)
_MORE_WORDS = ("200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin")
_TEXT = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _counted(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


DICTIONARY = b"".join(_counted(word.encode()) for word in (*_WORDS.split(), *_MORE_WORDS)) + _TEXT.encode()


class HeaderError(ValueError):
    """A header block that cannot be read: the connection's state is lost with it."""


class HeaderCompressor:
    """Writes the header blocks of one direction, in order."""

    def __init__(self) -> None:
        self._zlib = zlib.compressobj(zdict=DICTIONARY)

    def compress(self, headers: Headers) -> bytes:
        block = struct.pack(">I", len(headers)) + b"".join(
            _counted(name.lower().encode()) + _counted(value.encode()) for name, value in headers.items()
        )
        return self._zlib.compress(block) + self._zlib.flush(zlib.Z_SYNC_FLUSH)


class HeaderDecompressor:
    """Reads the header blocks of one direction, in order."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(zdict=DICTIONARY)

    def decompress(self, data: bytes) -> Headers:
        """Names are in lower case.

        Raises:
            HeaderError: not zlib, too large, or cut short.
        """
        try:
            block = self._zlib.decompress(data, _MAX_BLOCK_BYTES)
            if self._zlib.unconsumed_tail:
                raise HeaderError("a header block is too large")
            return _parse(block)
        except (zlib.error, struct.error, UnicodeDecodeError) as error:
            raise HeaderError(f"a header block cannot be read: {error}") from error


def _parse(block: bytes) -> Headers:
    (count,) = struct.unpack_from(">I", block)
    position = 4
    headers: Headers = {}
    for _ in range(count):
        name, position = _read_counted(block, position)
        headers[name.lower()], position = _read_counted(block, position)
    return headers


def _read_counted(block: bytes, position: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">I", block, position)
    start, end = position + 4, position + 4 + length
    if end > len(block):
        raise HeaderError("a header block is cut short")
    return block[start:end].decode(), end
