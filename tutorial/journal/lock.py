"""The lock of a run: held as long as its process lives, and readable by others.

Called by `tutorial.journal.run_folder`. The descriptor is close-on-exec, so that no command of
the run can hold the lock after the run's process is gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tutorial.errors import JournalError

PROBE_SECONDS = 0.1
"""How long `take` goes on trying: `holder` in another process locks for an instant to look."""


class Lock:
    """An exclusive lock on a file that says who holds it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> Lock | None:
        """Take the lock, or None when another process holds it. Raises JournalError when the
        file cannot be opened."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError.unwritable(path, error) from None
        if not _lock_within(descriptor, PROBE_SECONDS):
            os.close(descriptor)
            return None
        with suppress(OSError):  # on a disk that is full the lock holds without saying who holds it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "started": time.time()}).encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: the process's pid, and since when, seconds since the epoch; 0 when it has not
    said so yet."""

    process: int = 0
    since: float = 0.0


def holder(path: Path) -> Holder | None:
    """Who holds the lock, or None."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(os.pread(descriptor, 4096, 0))
            return Holder(int(said["pid"]), float(said["started"]))
        return Holder()
    finally:
        os.close(descriptor)
    return None


def _lock_within(descriptor: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
