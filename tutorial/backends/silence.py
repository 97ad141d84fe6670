"""Waits for what an API server has to say, and tells once when that takes long.

Used by `tutorial.backends.rest` and `transport`.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Callable

from tutorial.engine.ports import Stopper

_AT_ONCE_SECONDS = 1.0
SILENT_SECONDS = 2.0
"""After so long somebody wants to know why nothing happens."""


def _nobody() -> None:
    """There is nobody to tell."""


class Silence:
    """The waiting of one client. `tell` is called when a silence has lasted for `SILENT_SECONDS`; it may
    be set later.

    Args:
        stopper: a Ctrl-C that it tells of ends a wait that lasts.
    """

    def __init__(self, stopper: Stopper | None = None) -> None:
        self.tell: Callable[[], None] = _nobody
        self._stopper = stopper
        self._was_told = False

    def wait(self, stream: socket.socket, seconds: float) -> None:
        """Wait until something comes, at most so long. A Ctrl-C ends a wait that lasts: nobody should have
        to sit through a timeout. What comes at once is taken all the same.

        Raises:
            InterruptedError: Ctrl-C.
            TimeoutError: nothing came.
        """
        begin = time.monotonic()
        if select.select([stream], [], [], min(_AT_ONCE_SECONDS, seconds))[0]:
            return
        for moment in sorted({min(SILENT_SECONDS, seconds), seconds}):
            if self._has_come(stream, begin + moment):
                return
            if moment < seconds:
                self.lasts()
        raise TimeoutError(errno.ETIMEDOUT, "Nothing came")

    def lasts(self) -> None:
        """Nothing has come for long: tell it, unless that was told."""
        if not self._was_told:
            self._was_told = True
            self.tell()

    def is_over(self) -> None:
        """An answer came, or was given up: the next silence is another one."""
        self._was_told = False

    def _has_come(self, stream: socket.socket, deadline: float) -> bool:
        """Whether something came before that moment. Raises InterruptedError after a Ctrl-C."""
        while self._stopper is None or not self._stopper.interrupts:
            left = max(0.0, deadline - time.monotonic())
            others = [] if self._stopper is None or self._stopper.pending() else [self._stopper.fileno()]
            if stream.fileno() in select.select([stream.fileno(), *others], [], [], left)[0]:
                return True
            if left == 0.0:
                return False
        raise InterruptedError(errno.EINTR, "Ctrl-C ended the waiting for its answer")
