"""An interactive shell on the runner's terminal, which is put back as it was, whatever the shell did.

Called by `tutorial.shell.bash`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tutorial.engine.ports import Stop, Stopper
from tutorial.errors import UsageError

HANGUP_SECONDS = 1.0
"""How long the shell has to end after a SIGHUP, before it is killed."""

_POLL_SECONDS = 0.05


def run_on_terminal(arguments: Sequence[str], *, cwd: Path, stopper: Stopper) -> None:
    """Run a shell with job control on the terminal that is standard input, from an empty
    environment, until it ends or a SIGTERM or SIGHUP comes.

    Raises:
        UsageError: standard input is not a terminal.
    """
    terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
    if not os.isatty(terminal):
        raise UsageError("A shell needs a terminal.", do="Run egress-tutorial in a terminal.")
    with _restored(terminal):
        process = subprocess.Popen(arguments, cwd=cwd, env={}, stdin=terminal)
        try:
            _wait(process, stopper)
        finally:
            _end(process)
    if stopper.pending() is Stop.INTERRUPT:
        stopper.clear()


@contextmanager
def _restored(terminal: int) -> Iterator[None]:
    """The terminal's settings and its foreground process group are afterwards as before."""
    settings = termios.tcgetattr(terminal)
    foreground = os.tcgetpgrp(terminal)
    ignored = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        yield
    finally:
        with suppress(OSError, termios.error):
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
