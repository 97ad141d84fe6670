"""A program in a terminal (80x24) whose screen can be read, for the end-to-end tests.

Used by `tests/end_to_end/conftest.py` and by the tests of `tutorial.ui`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pexpect
import pyte

COLUMNS, ROWS = 80, 24
PAUSE = "q quit"
"""How the last line ends while the program waits at a pause."""


class Terminal:
    """A real pseudo-terminal by pexpect; what it shows by pyte."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path | None = None,
        size: tuple[int, int] = (COLUMNS, ROWS),
    ) -> None:
        columns, rows = size
        self._screen = pyte.HistoryScreen(columns, rows, history=20_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self._received = 0
        self.raw = b""
        self.child = pexpect.spawn(
            command[0],
            list(command[1:]),
            env=dict(environment),
            cwd=folder and str(folder),
            dimensions=(rows, columns),
            timeout=60,
        )
        self.child.delaybeforesend = None

    @property
    def pid(self) -> int:
        return int(self.child.pid)

    @property
    def title(self) -> str:
        """The window's title, as a program has set it."""
        return str(self._screen.title)

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size, as its owner does."""
        self._screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def press(self, keys: str) -> None:
        self.child.send(keys)

    def answer(self, keys: str, footer: str = PAUSE, seconds: float = 60) -> None:
        """Press keys that mean something, and wait for the next pause."""
        before = self._received
        self.press(keys)
        self._read_until(
            lambda: self._received > before and footer in self.last_line(),
            seconds,
            f"no pause came after {keys!r}",
        )

    def wait_for_pause(self, footer: str = PAUSE, seconds: float = 60) -> None:
        self._read_until(lambda: footer in self.last_line(), seconds, "no pause came")

    def screen(self) -> str:
        """The 24 lines that are shown now."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def last_line(self) -> str:
        """The lowest line that is not empty."""
        return self.screen().rstrip().rpartition("\n")[2]

    def seen(self) -> str:
        """Everything that stands on the screen or was scrolled off it, scrolled lines first."""
        scrolled = [
            "".join(line[column].data for column in range(self._screen.columns)).rstrip()
            for line in self._screen.history.top
        ]
        return "\n".join([*scrolled, self.screen()])

    def wait_for(self, words: str, *, count: int = 1, seconds: float = 60) -> None:
        """Read until `words` has been shown `count` times, or fail with the screen."""
        self._read_until(
            lambda: self.seen().count(words) >= count, seconds, f"{words!r} was not shown {count} times"
        )

    def wait_until_quiet(self, seconds: float = 0.4) -> None:
        """Read until nothing has come for `seconds`."""
        last = time.monotonic()
        while time.monotonic() - last < seconds:
            before = self._received
            if not self._read(0.1):
                return
            if self._received != before:
                last = time.monotonic()

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

    def hang_up(self) -> int:
        """Close the terminal under the program, wait for its end and return its exit code."""
        os.close(self.child.child_fd)
        self.child.child_fd = -1
        self.child.closed = True
        _, status = os.waitpid(self.pid, 0)
        self.child.ptyproc.terminated = self.child.terminated = True
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        if not self.child.closed:
            self.child.close(force=True)

    def _read_until(self, holds: Callable[[], bool], seconds: float, trouble: str) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline or not self._read(0.2):
                raise AssertionError(f"{trouble}:\n{self.seen()}")

    def _read(self, seconds: float) -> bool:
        """Feed what comes within `seconds`; false at the end of the program."""
        try:
            chunk = self.child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self._received += len(chunk)
        self.raw += chunk
        self._stream.feed(chunk)
        return True
