"""Which process runs the run's command now, on record, so that a later process of the run can end it.

Used by `tutorial.shell.bash`. A runner that is killed cannot end its command: without this, that
would go on, and make objects behind the back of the rollback.
"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from tutorial.shell.processes import process_table, started

TERM_SECONDS = 1.0
KILL_SECONDS = 1.0


class CommandRecord:
    """A file that names the command's session while it runs."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, session: int) -> None:
        """The command of this session, which is the pid of its first process, is about to begin."""
        self._path.write_text(json.dumps({"session": session, "started": started(session)}))

    def forget(self) -> None:
        """The command has ended."""
        with suppress(OSError):
            self._path.unlink()

    def end_command(self) -> None:
        """End the command that an earlier process of this run left running: TERM, then KILL. All of it
        is stopped first, so that none goes on because another has ended."""
        for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
            for each in (signal.SIGSTOP, number, signal.SIGCONT):
                self._send(each)
            if self._wait_until_ended(seconds):
                break
        self.forget()

    def _send(self, number: signal.Signals) -> None:
        for process in self._left_running():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)

    def _wait_until_ended(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._left_running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def _left_running(self) -> set[int]:
        """The command's processes, as far as they are in its session and surely its own.

        A session's id is given to no new process as long as it has members: with another first
        process, all of it has ended. Where the first process is gone, the others are known by the
        run's folder, which is in the variables that they were given.
        """
        try:
            record = json.loads(self._path.read_text())
            session, began = int(record["session"]), int(record["started"])
        except (OSError, ValueError, KeyError, TypeError):
            return set()
        first = started(session)
        if first not in (began, -1):
            return set()
        members = {
            pid for pid, process in process_table() if process.session == session and not process.is_zombie
        }
        run = os.fsencode(self._path.parent.parent)
        return members if first == began else {pid for pid in members if run in _environment(pid)}


def _environment(pid: int) -> bytes:
    try:
        return Path("/proc", str(pid), "environ").read_bytes()
    except OSError:
        return b""
