"""Background processes that commands leave: kept alive until the rollback, then ended.

Called by `tutorial.shell.bash`. On Linux the runner is their subreaper: when bash ends, what it
left becomes a child of the runner, and stays known until it is waited for. Elsewhere the process
group of the command stands for them. A file names them, with their start times, so that the
rollback of a run whose process was killed finds them, too.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tutorial.shell.processes import find_process, process_table, started

TERM_SECONDS = 1.0
KILL_SECONDS = 1.0
_PR_SET_CHILD_SUBREAPER = 36


class Leftovers:
    """The processes and open pipes that ended commands left behind."""

    def __init__(self, path: Path) -> None:
        """`path` is the file that names them; what it names from an earlier time is taken over."""
        self._path = path
        self._roots = _remembered(path)
        self._groups: set[int] = set()
        self.pipes: list[int] = []
        self._is_subreaper = sys.platform == "linux" and _become_subreaper()

    @contextmanager
    def adopting(self) -> Iterator[None]:
        """What becomes a child of this process in the meantime was left by a command, unless it is
        of a session that another child has: such a child's own orphans come here, too."""
        before = _children()
        yield
        new = _children() - before
        if new:
            others = {_session(pid) for pid in before - self._roots} - {os.getsid(0)}
            new = {pid for pid in new if _session(pid) not in others}
        if new:
            self._roots |= new
            self._remember()

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
        with suppress(OSError):
            self._path.unlink()
        for pipe in self.pipes:
            os.close(pipe)
        self.pipes.clear()

    def _remember(self) -> None:
        """Losing this file costs a process that goes on, no more: it is written as well as can be."""
        times = {str(root): started(root) for root in self._roots}
        with suppress(OSError):
            self._path.touch(mode=0o600)
            self._path.write_text(json.dumps(times))

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
        be given to a stranger before. One from an earlier time lives when it is taken over.
        """
        if not self._roots:
            return set()
        table = dict(process_table())
        sessions = {table[root].session for root in self._roots if root in table} - {os.getsid(0)}
        found = {pid for pid, entry in table.items() if pid in self._roots or entry.session in sessions}
        grown = True
        while grown:
            more = {pid for pid, entry in table.items() if entry.parent in found} - found
            found |= more
            grown = bool(more)
        return {pid for pid in found if not table[pid].is_zombie}


def _session(pid: int) -> int:
    process = find_process(pid)
    return process.session if process else -1


def _remembered(path: Path) -> set[int]:
    """The processes that the file names, as far as they are still the same ones."""
    try:
        times = json.loads(path.read_text())
        return {int(pid) for pid, start in times.items() if start >= 0 and started(int(pid)) == start}
    except (OSError, ValueError, AttributeError, TypeError):
        return set()


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
