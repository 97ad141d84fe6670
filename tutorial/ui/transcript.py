"""What became of each step, kept for looking back at it. Used by the views."""

from __future__ import annotations

from collections.abc import Sequence

from tutorial.engine import events
from tutorial.ui.last_try import PURPOSE as LAST_TRY

_DONE = frozenset({"passed", "already"})
_SHOWN_AGAIN = (
    events.OutputReceived,
    events.CommandEnded,
    events.VerdictReached,
    events.StepEnded,
)


class Transcript:
    """The events of each step's last attempt, as long as the step counts as done."""

    def __init__(self) -> None:
        self._events: dict[str, list[events.Event]] = {}

    def keep(self, event: events.Event) -> None:
        """Take note of one event of the run."""
        if isinstance(event, events.CommandStarted) and event.purpose in ("command", "retry"):
            self._events[event.step] = []
        elif isinstance(event, events.CommandStarted) and event.purpose == LAST_TRY:
            self._forget_try(event.step)
            self._events.setdefault(event.step, []).append(event)
        elif isinstance(event, _SHOWN_AGAIN):
            self._events.setdefault(event.step, []).append(event)
            if isinstance(event, events.StepEnded) and event.outcome not in _DONE:
                self._events[event.step] = []

    def _forget_try(self, step: str) -> None:
        """Only the last try of an `until` is shown again."""
        self._events[step] = [
            event for event in self._events.get(step, ()) if getattr(event, "purpose", "") != LAST_TRY
        ]

    def of(self, step: str) -> Sequence[events.Event]:
        """What to show again of this step after its command; nothing when it is not done."""
        return tuple(self._events.get(step, ()))
