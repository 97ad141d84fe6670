"""A shell or an editor on the runner's terminal, which is put back as it was, whatever that did.

Called by `tutorial.shell.bash` and `tutorial.ui.editor`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tutorial.engine.ports import Stop, Stopper
from tutorial.errors import UsageError

HANGUP_SECONDS = 1.0
"""How long it has to end after a SIGHUP, before it is killed."""

_POLL_SECONDS = 0.05


def run_on_terminal(
    arguments: Sequence[str],
    *,
    terminal: int,
    cwd: Path,
    environment: Mapping[str, str],
    stopper: Stopper,
) -> int:
    """Run a program on the terminal until it ends or a SIGTERM or SIGHUP comes; its exit code, -n for
    a signal. It writes to the terminal also where our own output goes elsewhere.

    Raises:
        OSError: it does not start.
    """
    with _restored(terminal), _output(terminal) as output:
        process = subprocess.Popen(
            arguments,
            cwd=cwd,
            env=dict(environment),
            stdin=terminal,
            stdout=None if os.isatty(1) else output,
            stderr=None if os.isatty(2) else output,
        )
        try:
            _wait(process, stopper)
        finally:
            _end(process)
    if stopper.pending() is Stop.INTERRUPT:
        stopper.clear()
    return process.returncode


def standard_terminal() -> int:
    """The descriptor of the terminal that is standard input. Raises UsageError when it is none."""
    terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
    if not os.isatty(terminal):
        raise UsageError("A shell needs a terminal.", do="Run egress-tutorial in a terminal.")
    return terminal


@contextmanager
def _output(terminal: int) -> Iterator[int]:
    """The terminal opened for writing: standard input may be for reading only."""
    descriptor = os.open(os.ttyname(terminal), os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _restored(terminal: int) -> Iterator[None]:
    """The terminal's settings and its foreground process group are afterwards as before."""
    settings = termios.tcgetattr(terminal)
    foreground = None
    with suppress(OSError):  # it may control no process
        foreground = os.tcgetpgrp(terminal)
    ignored = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        yield
    finally:
        with suppress(OSError, termios.error):
            if foreground is not None:
                os.tcsetpgrp(terminal, foreground)
            termios.tcsetattr(terminal, termios.TCSADRAIN, settings)
        signal.signal(signal.SIGTTOU, ignored)


def _wait(process: subprocess.Popen[bytes], stopper: Stopper) -> None:
    while stopper.pending() not in (Stop.TERMINATE, Stop.HANGUP):
        with suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_SECONDS)
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """An interactive bash ignores SIGTERM; SIGHUP ends it, and it passes that on to its jobs."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + HANGUP_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    if process.poll() is None:
        process.kill()
        process.wait()
