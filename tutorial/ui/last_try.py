"""The last try of an `until`: its command and what it said. Used by the views, which show it once
the waiting is over, before the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tutorial.engine import events

PURPOSE = "until"


@dataclass
class LastTry:
    """`output` holds (stream, text) as they came. Without a command nothing was waited for."""

    command: str = ""
    output: list[tuple[str, str]] = field(default_factory=list)

    def begin(self, event: events.CommandStarted) -> None:
        """Another command has started: a try, or the next command of a step."""
        self.command = event.command.strip() if event.purpose == PURPOSE else ""
        self.output = []

    def keep(self, event: events.OutputReceived) -> None:
        """Take note of output; only a try's is kept."""
        if event.purpose == PURPOSE:
            self.output.append((event.stream, event.text))
