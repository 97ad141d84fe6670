"""The end of a run on a terminal: what was undone, what is left, the summary, how to come back.

Used by `tutorial.ui.terminal_view`.
"""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from tutorial.engine import events
from tutorial.engine.by_hand import listed
from tutorial.ui import wording
from tutorial.ui.step_drawing import NARROW


class EndingDrawing:
    """Remembers how the steps ended; draws the rollback quietly when there is nothing to undo."""

    def __init__(self, console: Console, *, unicode: bool) -> None:
        self._console = console
        self._unicode = unicode
        self._run_id = ""
        self._steps: dict[str, events.StepSummary] = {}
        self._ended: dict[str, events.StepEnded] = {}
        self._heading = ""

    def keep(self, event: events.Event) -> None:
        """Take note of what the summary will tell."""
        if isinstance(event, events.RunStarted):
            self._run_id = event.run_id
            self._steps = {step.id: step for step in event.steps}
        elif isinstance(event, events.StepEnded):
            self._ended[event.step] = event

    def rollback_started(self, event: events.RollbackStarted) -> None:
        self._heading = wording.rollback_heading(event)
        if event.objects:
            self._draw_heading()

    def object_undone(self, event: events.ObjectUndone) -> None:
        if event.outcome == "gone":
            return
        self._draw_heading()
        mark = wording.UNDOINGS.get(event.outcome, wording.UNKNOWN)
        self._line(mark, wording.undone_line(event))

    def rollback_ended(self, event: events.RollbackEnded) -> None:
        if event.complete:
            self._line(wording.UNDOINGS["deleted"], wording.all_is_back(event))
            return
        self._draw_heading()
        for heading, commands in wording.unfinished(event):
            self._console.print(Text(heading, "bold red"))
            for command in commands:
                self._console.print(Text(listed(command)), soft_wrap=True)
        self._console.print(Text(f"or {wording.TRY_AGAIN}"))

    def run_ended(self, event: events.RunEnded) -> None:
        self._console.print()
        self._draw_steps()
        ending = wording.ending(event)
        line = Text(f"{ending.symbol(unicode=self._unicode)} {ending.word}", f"bold {ending.style}")
        self._console.print(line.append(f": {wording.counts_line(event)}", "not bold default"))
        for text in wording.goodbye_lines(event, self._run_id):
            self._console.print(Text(text), soft_wrap=True)

    def _draw_steps(self) -> None:
        """Every step that ended, with its time."""
        for step_id, ended in self._ended.items():
            summary = self._steps.get(step_id)
            mark = wording.OUTCOMES.get(ended.outcome, wording.UNKNOWN)
            line = Text(f"{mark.symbol(unicode=self._unicode)} ", mark.style)
            if self._console.width < NARROW:
                self._console.print(line.append(_title(summary, step_id), "default"))
                continue
            line.append(f"{mark.word or ended.outcome:<13}")
            line.append(f"{wording.duration(ended.seconds):>8}  ", "dim")
            line.append(_title(summary, step_id), "default")
            self._console.print(line, no_wrap=True, overflow="ellipsis")

    def _draw_heading(self) -> None:
        if self._heading:
            self._console.print(Text(self._heading, "bold"))
            self._heading = ""

    def _line(self, mark: wording.Mark, text: str) -> None:
        self._console.print(
            Text(f"{mark.symbol(unicode=self._unicode)} ", mark.style).append(text, "default")
        )


def _title(summary: events.StepSummary | None, step_id: str) -> str:
    """`4  Title`, `-  Title` for an aside, the id for a step the run did not announce."""
    if summary is None:
        return step_id
    return f"{summary.number or '-':>2}  {summary.title}"
