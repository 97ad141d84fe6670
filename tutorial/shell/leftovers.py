"""Background processes that commands leave: kept alive until the rollback, then ended.

Called by `tutorial.shell.bash`. On Linux the runner is their subreaper: when bash ends, what it
left becomes a child of the runner, and stays known until it is waited for. Elsewhere the process
group of the command stands for them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TERM_SECONDS = 1.0
KILL_SECONDS = 1.0
_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")


class Leftovers:
    """The processes and open pipes that ended commands left behind."""

    def __init__(self) -> None:
        self._roots: set[int] = set()
        self._groups: set[int] = set()
        self.pipes: list[int] = []
        self._is_subreaper = sys.platform == "linux" and _become_subreaper()

    @contextmanager
    def adopting(self) -> Iterator[None]:
        """What becomes a child of this process in the meantime was left by a command."""
        before = _children()
        yield
        self._roots |= _children() - before

    def note_group(self, group: int) -> None:
        """A command in this process group has ended; remember the group if members live on."""
        if not self._is_subreaper and _signal_group(group, 0):
            self._groups.add(group)

    def end(self) -> None:
        """End them all: TERM, then KILL. What they still wrote is thrown away."""
        self._signal(signal.SIGTERM)
        if not self._wait(TERM_SECONDS):
            self._signal(signal.SIGKILL)
            self._wait(KILL_SECONDS)
        for root in self._roots:
            with suppress(ChildProcessError):
                os.waitpid(root, os.WNOHANG)
        self._roots.clear()
        self._groups.clear()
        for pipe in self.pipes:
            os.close(pipe)
        self.pipes.clear()

    def _signal(self, number: signal.Signals) -> None:
        for process in self._living():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)
        for group in self._groups:
            _signal_group(group, number)

    def _wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._living() or any(_signal_group(group, 0) for group in self._groups):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def _living(self) -> set[int]:
        """The roots, their descendants, and the other members of their sessions.

        A root is waited for only at the end, so that neither its pid nor its session's id can
        be given to a stranger before.
        """
        if not self._roots:
            return set()
        table = dict(_process_table())
        sessions = {table[root].session for root in self._roots if root in table} - {os.getsid(0)}
        found = {pid for pid, entry in table.items() if pid in self._roots or entry.session in sessions}
        grown = True
        while grown:
            more = {pid for pid, entry in table.items() if entry.parent in found} - found
            found |= more
            grown = bool(more)
        return {pid for pid in found if not table[pid].is_zombie}


class _Process:
    """One line of /proc/PID/stat, as far as it matters here."""

    def __init__(self, stat: str) -> None:
        state, parent, _, session = stat.rpartition(")")[2].split()[:4]
        self.parent = int(parent)
        self.session = int(session)
        self.is_zombie = state in "ZX"


def _process_table() -> Iterator[tuple[int, _Process]]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                yield int(entry.name), _Process((entry / "stat").read_text(errors="replace"))


def _children() -> set[int]:
    try:
        return {int(pid) for pid in Path("/proc/self/task", str(os.getpid()), "children").read_text().split()}
    except OSError:
        return set()


def _become_subreaper() -> bool:
    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def _signal_group(group: int, number: int) -> bool:
    """Whether the group has a member that can be sent signals."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
