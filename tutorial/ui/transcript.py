"""What became of each step, kept for looking back at it. Used by the views."""

from __future__ import annotations

from collections.abc import Sequence

from tutorial.engine import events

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
        elif isinstance(event, _SHOWN_AGAIN):
            self._events.setdefault(event.step, []).append(event)
            if isinstance(event, events.StepEnded) and event.outcome not in _DONE:
                self._events[event.step] = []

    def of(self, step: str) -> Sequence[events.Event]:
        """What to show again of this step after its command; nothing when it is not done."""
        return tuple(self._events.get(step, ()))
