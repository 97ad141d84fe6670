"""A command that `kubectl exec` runs in a container: the `ExecSession` port.

Made by `runtime.NodeRuntime`, consumed by the API's exec endpoint.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Sequence

from tutorial.sandbox.node.client import PodSandbox, Process, ProcessSpec
from tutorial.sandbox.node.failures import describe_exec_failure

_NOT_EXECUTABLE = 127
_ONLY_ONE_USER = {"TAR_OPTIONS": "--no-same-owner"}
"""The pods of an ordinary user's sandbox have one user, root: the owners that `kubectl cp` sends cannot be
set there, and GNU tar would fail."""


class RunningExec:
    """A command that runs. See `ExecSession`."""

    def __init__(self, process: Process, *, tty: bool) -> None:
        self._process = process
        self._killing: asyncio.Task[None] | None = None
        self.stdin = process.stdin
        self.stdout = process.stdout
        self.stderr = process.stderr
        # The API closes its descriptors when it likes; the size is set through one of our own.
        self._terminal = os.dup(process.stdout) if tty else None
        process.ended.add_done_callback(self._release)

    async def wait(self) -> int:
        return await self._process.wait()

    def resize(self, columns: int, rows: int) -> None:
        if self._terminal is not None:
            fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def kill(self) -> None:
        self._killing = asyncio.ensure_future(self._process.send_signal(signal.SIGKILL, group=True))

    def _release(self, _ended: asyncio.Future[int]) -> None:
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None


class FailedExec:
    """A command that could not be executed: its one line of explanation and an exit code."""

    def __init__(self, message: str, *, stdin: bool, tty: bool) -> None:
        self.stdin: int | None = None
        self.stderr: int | None = None
        if tty:
            self.stdout, written = os.openpty()
            if stdin:
                self.stdin = os.dup(self.stdout)
        else:
            self.stdout, silent = os.pipe()
            os.close(silent)
            self.stderr, written = os.pipe()
            if stdin:
                self.stdin = os.open(os.devnull, os.O_WRONLY)
        os.write(written, message.encode() + b"\n")
        os.close(written)

    async def wait(self) -> int:
        return _NOT_EXECUTABLE

    def resize(self, columns: int, rows: int) -> None:
        """There is nothing to resize."""

    def kill(self) -> None:
        """There is nothing to kill."""


async def run_command(
    pod: PodSandbox, command: Sequence[str], env: dict[str, str], cwd: str, *, stdin: bool, tty: bool
) -> RunningExec | FailedExec:
    """Start `command` in the pod. Raises BrokenPipeError when the pod has ended."""
    if tty:
        env = {"TERM": "xterm", **env}
    if os.geteuid() != 0:
        env = _ONLY_ONE_USER | env
    try:
        spec = ProcessSpec(list(command), env, cwd=cwd, stdin=stdin, tty=tty)
        process = await pod.start_process(spec)
    except BrokenPipeError:
        raise
    except OSError as error:
        why = describe_exec_failure(command[0], error)
        text = f"OCI runtime exec failed: exec failed: unable to start container process: {why}: unknown"
        return FailedExec(text, stdin=stdin, tty=tty)
    return RunningExec(process, tty=tty)
