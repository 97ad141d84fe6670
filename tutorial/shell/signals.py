"""Signals as the engine sees them: what asked the run to stop, and a descriptor that wakes it.

Made once by `tutorial.app`, around the whole run; polled by the engine and by `BashShell`.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

from tutorial.engine.ports import Stop

_STOPS = {
    signal.SIGINT: Stop.INTERRUPT,
    signal.SIGTERM: Stop.TERMINATE,
    signal.SIGHUP: Stop.HANGUP,
}
_RANK = (Stop.NONE, Stop.INTERRUPT, Stop.HANGUP, Stop.TERMINATE)


class Signals:
    """Records SIGINT, SIGTERM and SIGHUP instead of dying of them; ignores SIGPIPE. A SIGHUP that is
    ignored stays so: that is what nohup asks for.

    A context manager for the main thread; leaving it puts the previous handlers back. A write to
    a closed pipe raises BrokenPipeError, so that `| head` cannot skip the rollback.
    """

    def __init__(self) -> None:
        self._strongest = Stop.NONE
        self._interrupts = 0
        self._previous: dict[signal.Signals, Any] = {}
        self._previous_wakeup = -1
        self._reading = -1
        self._writing = -1

    def __enter__(self) -> Self:
        self._reading, self._writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._previous_wakeup = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        for number in _STOPS:
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                self._previous[number] = signal.signal(number, self._record)
        self._previous[signal.SIGPIPE] = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()
        signal.set_wakeup_fd(self._previous_wakeup)
        os.close(self._reading)
        os.close(self._writing)

    def fileno(self) -> int:
        """A descriptor that is readable once a signal has come, until `clear`."""
        return self._reading

    def pending(self) -> Stop:
        """The strongest signal since the last `clear`."""
        return self._strongest

    @property
    def interrupts(self) -> int:
        """How many SIGINTs came since the last `clear`: a second one means "now"."""
        return self._interrupts

    def clear(self) -> None:
        """Forget an INTERRUPT that was acted on. TERMINATE and HANGUP stay, and keep the
        descriptor readable."""
        self._interrupts = 0
        if self._strongest is Stop.INTERRUPT:
            self._strongest = Stop.NONE
        if self._strongest is Stop.NONE:
            with suppress(BlockingIOError):
                while os.read(self._reading, 4096):
                    pass
            if self._strongest is not Stop.NONE:  # it came while the descriptor was emptied
                os.write(self._writing, b"\0")

    def _record(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (a handler's form)
        stop = _STOPS[signal.Signals(number)]
        self._interrupts += stop is Stop.INTERRUPT
        self._strongest = max(self._strongest, stop, key=_RANK.index)
