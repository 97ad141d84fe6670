"""Time for the engine: sleeps that a signal or a key ends early. Made by `tutorial.app`."""

from __future__ import annotations

import select
import time

from tutorial.engine.ports import Stop, Stopper
from tutorial.ui.keys import Keyboard

_HAS_BOOTTIME = hasattr(time, "CLOCK_BOOTTIME")


class SystemClock:
    """The engine's `Clock` port.

    Args:
        signals: a signal that comes ends a sleep.
        keyboard: a key ends a sleep; None where nobody types.
    """

    def __init__(self, signals: Stopper, keyboard: Keyboard | None = None) -> None:
        self._signals = signals
        self._keyboard = keyboard

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def suspended(self) -> float:
        """See `Clock.suspended`. Linux counts a sleep in one of two clocks (clock_gettime(2)); elsewhere
        the time of day tells it, which is set from outside, too."""
        awake_and_asleep = time.clock_gettime(time.CLOCK_BOOTTIME) if _HAS_BOOTTIME else time.time()
        return awake_and_asleep - time.monotonic()

    def forget_keys(self) -> None:
        """See `Clock.forget_keys`."""
        if self._keyboard is not None:
            self._keyboard.discard_typed()

    def sleep(self, seconds: float) -> bool:
        """See `Clock.sleep`. A signal that is known already does not cut it short: the rollback
        that it led to waits as long as any other."""
        if self._signals.pending() in (Stop.TERMINATE, Stop.HANGUP):
            time.sleep(seconds)
            return False
        if self._keyboard is not None:
            return self._keyboard.wait(seconds)
        select.select([self._signals.fileno()], [], [], seconds)
        return False
