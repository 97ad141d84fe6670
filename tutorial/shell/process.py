"""Runs one process to its end: streams its output, and ends it when it must stop.

Called by `tutorial.shell.bash`.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tutorial.engine.ports import Stop, Stopper
from tutorial.shell.capture import Capture

INT_SECONDS = 2.0
TERM_SECONDS = 2.0
KILL_SECONDS = 2.0
LADDER = ((signal.SIGINT, INT_SECONDS), (signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS))
"""What a process group is sent when it must stop, and how long each has to work."""

DRAIN_SECONDS = 0.1
"""How long to go on reading after bash has ended while a background child holds its pipes open."""

_POLL_SECONDS = 0.02
_CHUNK = 65536
_SIGNAL_BASE = 128


@dataclass(frozen=True)
class Ended:
    """How a process ended: bash's exit code, 128+n for a signal; `exit`, `timeout` or `interrupt`."""

    exit_code: int
    ended_by: str
    seconds: float


class RunningProcess:
    """One process in a session of its own, from its start to its end."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        stopper: Stopper,
        on_output: Callable[[str, str], None],
        old_pipes: Sequence[int] = (),
        kept_open: Sequence[int] = (),
        steadfast: bool = False,
    ) -> None:
        """Start it, with an empty environment and without input.

        Args:
            arguments: the program's absolute path and its arguments.
            cwd: where it starts.
            stopper: a SIGINT that is pending, or any signal that comes, interrupts the process.
            on_output: gets the stream's name and decoded text as it comes.
            old_pipes: pipes that background children of earlier processes write to; emptied,
                so that these go on.
            kept_open: descriptors that it inherits.
            steadfast: only a SIGINT interrupts it.
        """
        self.capture = Capture()
        self._stopper = stopper
        self._on_output = on_output
        self._steadfast = steadfast
        self._known_stop = stopper.pending()
        self._selector = selectors.DefaultSelector()
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            arguments,
            cwd=cwd,
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            pass_fds=kept_open,
        )
        self._pidfd = _open_pidfd(self._process.pid)
        self._open_pipes = self._register(old_pipes)

    @property
    def group(self) -> int:
        """Its process group, which is its session, too."""
        return self._process.pid

    def run(self, timeout: float, *, let_begin: Callable[[], None]) -> Ended:
        """Stream until it has ended, or end it after `timeout` seconds; `let_begin` is called first."""
        try:
            let_begin()
            ended_by = self._stream_until(self._began + timeout)
            if ended_by != "exit":
                self._climb_down()
            self._drain()
        finally:
            self._end_now()
        code = self._process.returncode
        exit_code = code if code >= 0 else _SIGNAL_BASE - code
        return Ended(exit_code, ended_by, time.monotonic() - self._began)

    def pipes_left(self) -> list[int]:
        """Pipes that a background child still holds open. They are the caller's from now on."""
        return [os.dup(pipe) for pipe in self._open_pipes]

    def _register(self, old_pipes: Sequence[int]) -> dict[int, str]:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        pipes = {self._process.stdout.fileno(): "stdout", self._process.stderr.fileno(): "stderr"}
        for pipe in (*pipes, *old_pipes):
            os.set_blocking(pipe, False)
            self._selector.register(pipe, selectors.EVENT_READ)
        if self._pidfd is not None:
            self._selector.register(self._pidfd, selectors.EVENT_READ)
        if not self._is_blind():
            self._selector.register(self._stopper, selectors.EVENT_READ)
        return pipes

    def _stream_until(self, deadline: float) -> str:
        while self._process.poll() is None:
            if self._must_stop():
                return "interrupt"
            left = deadline - time.monotonic()
            if left <= 0:
                return "timeout"
            self._read_some(left)
        return "exit"

    def _must_stop(self) -> bool:
        """Whether a signal has come since it began."""
        if self._steadfast:
            return self._stopper.interrupts > 0
        stop = self._stopper.pending()
        return stop is Stop.INTERRUPT or (stop is not Stop.NONE and stop is not self._known_stop)

    def _climb_down(self) -> None:
        if not self._is_blind():
            self._selector.unregister(self._stopper)
            self._known_stop = Stop.INTERRUPT
        for number, seconds in LADDER:
            _signal_group(self.group, number)
            deadline = time.monotonic() + seconds
            while self._process.poll() is None and (left := deadline - time.monotonic()) > 0:
                self._read_some(left)
            if self._process.poll() is not None:
                break
        _signal_group(self.group, signal.SIGKILL)

    def _drain(self) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        if self._pidfd is not None:
            self._selector.unregister(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None
        while self._open_pipes and (left := deadline - time.monotonic()) > 0:
            self._read_some(left)
        for stream in set(self._open_pipes.values()):
            self._deliver(stream, b"")

    def _read_some(self, seconds: float) -> None:
        """Wait for something to happen, and take in what there is."""
        for key, _ in self._selector.select(self._bounded(seconds)):
            if key.fileobj is self._stopper:
                self._forget_other_signals()
            elif key.fd != self._pidfd:
                self._read(key.fd)

    def _bounded(self, seconds: float) -> float:
        """Poll where there is no descriptor that tells."""
        return min(seconds, _POLL_SECONDS) if self._pidfd is None or self._is_blind() else seconds

    def _is_blind(self) -> bool:
        """Whether the stopper's descriptor tells nothing: it is readable already, or may become so by
        a signal that does not count."""
        return self._steadfast or self._known_stop is not Stop.NONE

    def _forget_other_signals(self) -> None:
        if self._stopper.pending() is Stop.NONE:
            self._stopper.clear()

    def _read(self, pipe: int) -> None:
        try:
            data = os.read(pipe, _CHUNK)
        except BlockingIOError:
            return
        stream = self._open_pipes.get(pipe)
        if not data:
            self._selector.unregister(pipe)
            self._open_pipes.pop(pipe, None)
        if stream is not None:
            self._deliver(stream, data)

    def _deliver(self, stream: str, data: bytes) -> None:
        text = self.capture.feed(stream, data)
        if text:
            self._on_output(stream, text)

    def _end_now(self) -> None:
        """Leave no process behind, whatever happened (a listener that raised, say)."""
        if self._process.poll() is None:
            _signal_group(self.group, signal.SIGKILL)
            self._process.wait()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
        self._selector.close()

    def close(self) -> None:
        """Close its pipes."""
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


def _open_pidfd(pid: int) -> int | None:
    opener = getattr(os, "pidfd_open", None)
    if opener is None:
        return None
    with suppress(OSError):
        return int(opener(pid))
    return None


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
