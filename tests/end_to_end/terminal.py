"""A program in an 80x24 terminal whose screen can be read, for the end-to-end tests.

Used by `tests/end_to_end/conftest.py`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import pexpect
import pyte

COLUMNS, ROWS = 80, 24


class Terminal:
    """A real pseudo-terminal by pexpect; what it shows by pyte. `seen` is every line that ever
    stood on the screen, so that scrolled text can be looked for, too."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._screen = pyte.HistoryScreen(COLUMNS, ROWS, history=20_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self.child = pexpect.spawn(
            command[0], list(command[1:]), env=dict(environment), dimensions=(ROWS, COLUMNS), timeout=60
        )
        self.child.delaybeforesend = None

    @property
    def pid(self) -> int:
        return int(self.child.pid)

    def press(self, keys: str) -> None:
        self.child.send(keys)

    def screen(self) -> str:
        """The 24 lines that are shown now."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def seen(self) -> str:
        """Everything shown so far, scrolled lines first."""
        scrolled = [
            "".join(line[column].data for column in range(COLUMNS)).rstrip()
            for line in self._screen.history.top
        ]
        return "\n".join([*scrolled, self.screen()])

    def wait_for(self, words: str, *, count: int = 1, seconds: float = 60) -> None:
        """Read until `words` has been shown `count` times, or fail with the screen."""
        deadline = time.monotonic() + seconds
        while self.seen().count(words) < count:
            if time.monotonic() > deadline or not self._read(0.2):
                raise AssertionError(f"{words!r} was not shown {count} times:\n{self.seen()}")

    def wait_until_quiet(self, seconds: float = 0.4) -> None:
        """Read until nothing has come for `seconds`."""
        last = time.monotonic()
        while time.monotonic() - last < seconds:
            before = self.child_bytes
            if not self._read(0.1):
                return
            if self.child_bytes != before:
                last = time.monotonic()

    child_bytes = 0

    def wait_for_exit(self, seconds: float = 60) -> int:
        """The exit code as a shell gives it: 128+n for a signal."""
        deadline = time.monotonic() + seconds
        while self._read(0.2):
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not end:\n{self.screen()}")
        self.child.wait()
        if self.child.signalstatus is not None:
            return 128 + int(self.child.signalstatus)
        return int(self.child.exitstatus)

    def close(self) -> None:
        self.child.close(force=True)

    def _read(self, seconds: float) -> bool:
        """Feed what comes within `seconds`; false at the end of the program."""
        try:
            chunk = self.child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.child_bytes += len(chunk)
        self._stream.feed(chunk)
        return True
