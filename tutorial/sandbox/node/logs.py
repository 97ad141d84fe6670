"""What containers write: captured into two bounded files each, served as `kubectl logs` asks.

Made by `container` in the supervisor, in its run folder. A line is kept as
`TIME STREAM F|P TEXT`, as the kubelet keeps it (P: a part of a longer line).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

_FILE_BYTES = 1 << 20
_LINE_BYTES = 1 << 14


class ContainerLog:
    """The output of one run of one container: at most two files of a megabyte.

    Args:
        path: the newer file; the older one has `.1` behind its name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._older = path.with_name(path.name + ".1")
        self._size = 0
        self._generation = 0
        self._pending: dict[str, bytearray] = {}
        self._written = asyncio.Event()

    def open(self, stream: str) -> None:
        """Chunks of `stream` will come."""
        self._pending[stream] = bytearray()

    def write(self, stream: str, data: bytes) -> None:
        """Keep a chunk of `stream`; an empty one is its end."""
        pending = self._pending[stream]
        pending += data
        now = datetime.now(UTC).isoformat(timespec="microseconds").removesuffix("+00:00").encode() + b"000Z"
        records = []
        while (end := pending.find(b"\n")) >= 0:
            records.append(b"%s %s F %s\n" % (now, stream.encode(), pending[:end]))
            del pending[: end + 1]
        if len(pending) > _LINE_BYTES or (pending and not data):
            records.append(b"%s %s P %s\n" % (now, stream.encode(), pending))
            pending.clear()
        if records:
            self._append(b"".join(records))
        if not data:
            del self._pending[stream]
        self._written.set()

    @property
    def ended(self) -> bool:
        """Nothing more will come."""
        return not self._pending

    async def lines(self, *, follow: bool, tail: int | None, timestamps: bool) -> AsyncIterator[bytes]:
        """The kept lines, from the last `tail` of them on; with `follow` also those to come, until
        the container ends."""
        kept = self._kept()
        start = max(0, len(kept) - tail) if tail is not None else 0
        for record in kept[start:]:
            yield _shown(record, timestamps)
        seen = (self._generation, self._size)
        while follow and not (self.ended and seen == (self._generation, self._size)):
            if seen == (self._generation, self._size):
                self._written.clear()
                await self._written.wait()
            records = self._since(*seen)
            seen = (self._generation, self._size)
            for record in records:
                yield _shown(record, timestamps)

    def discard(self) -> None:
        """Remove the files."""
        self._path.unlink(missing_ok=True)
        self._older.unlink(missing_ok=True)

    def _append(self, records: bytes) -> None:
        """A full disk costs lines, not the container."""
        with suppress(OSError):
            if self._size > _FILE_BYTES:
                self._path.rename(self._older)
                self._generation += 1
                self._size = 0
            with self._path.open("ab") as file:
                file.write(records)
                self._size = file.tell()

    def _kept(self) -> list[bytes]:
        return _records(self._older, 0) + _records(self._path, 0)

    def _since(self, generation: int, size: int) -> list[bytes]:
        if generation == self._generation:
            return _records(self._path, size)
        if generation + 1 == self._generation:
            return _records(self._older, size) + _records(self._path, 0)
        return self._kept()


def _records(path: Path, offset: int) -> list[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read().splitlines(keepends=True)
    except FileNotFoundError:
        return []


def _shown(record: bytes, timestamps: bool) -> bytes:
    time, _stream, kind, text = record.split(b" ", 3)
    if kind == b"P":
        text = text.removesuffix(b"\n")
    return time + b" " + text if timestamps else text
