"""The run's write-ahead record on disk: JSON lines, each on disk before `append` returns.

Made by `tutorial.journal.run_folder`; the engine uses it as its `Journal` port.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tutorial.engine.records import Record
from tutorial.errors import JournalError
from tutorial.journal.codec import from_json, to_json

VERSION = 2
"""The form that is written. 2 added what `--adopt` records."""

_READABLE = (1, 2)


class FileJournal:
    """One journal file. A last line that a crash tore is dropped: its record never happened."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal at `path`.

        Raises:
            JournalError: it cannot be read or written, or it is no journal of this version.
        """
        self.path = path
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError.unwritable(path, error) from None
        try:
            whole, records = _parse(path)
            os.ftruncate(self._descriptor, whole)
            os.fsync(self._descriptor)
            _sync_folder(path.parent)
        except OSError as error:
            self.close()
            raise JournalError.unwritable(path, error) from None
        except JournalError:
            self.close()
            raise
        self._records = records
        self._length = whole

    def append(self, record: Record) -> None:
        """Put the record on disk. Raises JournalError when that fails; the records are then as before,
        and it can be tried again."""
        line = json.dumps({"version": VERSION, **to_json(record)}, separators=(",", ":")).encode() + b"\n"
        try:
            if os.fstat(self._descriptor).st_size != self._length:  # what a failed append could not take back
                os.ftruncate(self._descriptor, self._length)
            _write_all(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._length)
            raise JournalError.unwritable(self.path, error) from None
        self._length += len(line)
        self._records.append(record)

    def records(self) -> Sequence[Record]:
        """Every record, oldest first."""
        return tuple(self._records)

    def close(self) -> None:
        """Close the file; nothing can be appended any more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def read_journal(path: Path) -> Sequence[Record]:
    """The records of a journal that another process may be writing; none if there is no file.

    Raises:
        JournalError: it cannot be read, or it is no journal of this version.
    """
    try:
        return tuple(_parse(path)[1])
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise JournalError(f"The journal {path} cannot be read.", why=error.strerror or str(error)) from None


def _parse(path: Path) -> tuple[int, list[Record]]:
    """How many bytes are whole lines, and their records."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    lines = content[:whole].splitlines()
    return whole, [_record(path, number, line) for number, line in enumerate(lines, start=1)]


def _record(path: Path, number: int, line: bytes) -> Record:
    try:
        data = json.loads(line)
        version = data.pop("version")
        if version not in _READABLE:
            known = " and ".join(map(str, _READABLE))
            raise JournalError(
                f"The journal {path} has the form {version}; this program reads the forms {known}.",
                why="The run was made by another version of egress-tutorial.",
                do="Use that version to roll the run back.",
            )
        return from_json(data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise JournalError(
            f"The journal {path} is damaged in line {number}.",
            do=f"Look at what the run made with: less {path}",
        ) from None


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
