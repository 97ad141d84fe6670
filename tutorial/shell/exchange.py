"""The files by which one bash is told what to do, and tells what it left. Called by `tutorial.shell.bash`.

Linux keeps them in memory, and bash opens them by their place in /proc: a disk that is full keeps
no command from running, least of all one that puts something back. Elsewhere they are files in the
run's folder.
"""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tutorial.errors import JournalError

_CHUNK = 1 << 20


class Exchange:
    """Files by name, readable for this user only; they are gone when it is left.

    Args:
        folder: where they are on a system that has no files in memory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptors: dict[str, int] = {}
        self._paths: dict[str, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, descriptor in self._descriptors.items():
            os.close(descriptor)
            if self._paths[name].parent == self._folder:
                self._paths[name].unlink(missing_ok=True)

    def put(self, name: str, content: bytes) -> None:
        """Make a file. Raises JournalError where it needs a disk that cannot be written."""
        try:
            descriptor, path = _file_in_memory(name) or _file_on_disk(self._folder / name)
            self._descriptors[name], self._paths[name] = descriptor, path
            _write_all(descriptor, content)
        except OSError as error:
            raise JournalError.unwritable(self._folder / name, error) from None

    def path(self, name: str) -> Path:
        """Where another process of this user finds the file."""
        return self._paths[name]

    def quoted(self, name: str) -> str:
        """The same as a word of bash's."""
        return shlex.quote(str(self._paths[name]))

    def content(self, name: str) -> bytes:
        """What is in the file now."""
        content = b""
        while chunk := os.pread(self._descriptors[name], _CHUNK, len(content)):
            content += chunk
        return content


def _file_in_memory(name: str) -> tuple[int, Path] | None:
    """A file without a disk, and where it is; None where the system has none, or where /proc does
    not show this process (it may be that of other process ids)."""
    try:
        descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    except (AttributeError, OSError):
        return None
    path = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    with suppress(OSError):
        if os.path.samestat(path.stat(), os.fstat(descriptor)):
            return descriptor, path
    os.close(descriptor)
    return None


def _file_on_disk(path: Path) -> tuple[int, Path]:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), path


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
