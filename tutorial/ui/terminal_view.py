"""The view for a terminal: turns a run's events into what scrolls by, with colours.

A `Sink` of the engine and the `Screen` of the prompts. It scrolls and never moves up: at most the
last line (a question, a wait) is taken off again. Run `python -m tutorial.ui.terminal_view` to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from tutorial.engine import events
from tutorial.text.escapes import safe_text
from tutorial.ui import step_drawing, wording
from tutorial.ui.command_text import command_text
from tutorial.ui.ending_drawing import EndingDrawing
from tutorial.ui.last_try import LastTry
from tutorial.ui.output_drawing import OutputDrawing
from tutorial.ui.screen import Choice
from tutorial.ui.transcript import Transcript
from tutorial.ui.verdict_drawing import draw_verdict

_ERASE_LINE = "\r\x1b[2K"
_QUIET_PURPOSES = frozenset({"until", "control"})
"""Commands of the run's own whose output is not shown as it comes: a try may be one of many."""
_JUDGED_PURPOSES = frozenset({"command", "retry"})


class TerminalView:
    """Draws events on a rich console; raises OSError when the terminal has gone. `keys` is as in
    `tutorial.ui.opening.open_view`."""

    def __init__(self, console: Console, *, keys: bool = True) -> None:
        self._console = console
        self._way_to_stop = "any key stops" if keys else "Ctrl-C stops"
        self._unicode = console.encoding.startswith("utf")
        self._output = OutputDrawing(console)
        self._ending = EndingDrawing(console, unicode=self._unicode)
        self._transcript = Transcript()
        self._last_try = LastTry()
        self._label = ""
        self._titles: dict[str, str] = {}
        self._standing_at = ""
        self._command_shown = ""
        self._command_seconds = 0.0
        self._was_interrupted = False
        self._last_line_is_open = False
        self._gap_wanted = False
        self._draw: dict[type[events.Event], Callable[[Any], None]] = {
            events.RunStarted: self._run_started,
            events.StepStarted: self._step_started,
            events.CommandStarted: self._command_started,
            events.OutputReceived: self._output_received,
            events.CommandEnded: self._command_ended,
            events.Waiting: self._waiting,
            events.VerdictReached: self._verdict_reached,
            events.StepEnded: self._step_ended,
            events.Noticed: self._noticed,
            events.RollbackStarted: self._ending.rollback_started,
            events.ObjectUndone: self._ending.object_undone,
            events.RollbackEnded: self._ending.rollback_ended,
            events.RunEnded: self._ending.run_ended,
        }

    def handle(self, event: events.Event) -> None:
        draw = self._draw.get(type(event))
        if draw is not None:
            self._close_last_line()
            draw(event)
            self._ending.keep(event)
            self._transcript.keep(event)

    def say(self, text: str, *, heading: str = "") -> None:
        self._begin_insert(heading)
        step_drawing.draw_markdown(self._console, safe_text(text))
        self._console.print()

    def show_output(self, text: str, *, heading: str = "") -> None:
        self._begin_insert(heading)
        self._output.write("stdout", safe_text(text).rstrip("\n") + "\n")
        self._console.print()

    def show_keys(self, choices: Sequence[Choice]) -> None:
        self._begin_insert("Keys")
        step_drawing.draw_keys(self._console, choices)
        self._console.print()

    def ask(self, question: str, choices: Sequence[Choice]) -> None:
        self._close_last_line()
        if question:
            self._console.print(Text(question, "bold"))
        *lines, last = step_drawing.footer_lines(choices, self._console.width - 1)
        for line in lines:
            self._console.print(line, soft_wrap=True)
        self._write_open(last)

    def answered(self) -> None:
        self._close_last_line()

    def _begin_insert(self, heading: str) -> None:
        """Before text that is not part of the run's own flow."""
        self._close_last_line()
        self._command_shown = ""
        if heading:
            self._console.print(Text(safe_text(heading), "bold"))

    def _write_open(self, line: Text) -> None:
        """Write a last line that will be taken off again: it must not be longer than the terminal's."""
        line.truncate(max(self._console.width - 1, 1), overflow="ellipsis" if self._unicode else "crop")
        self._console.print(line, end="", soft_wrap=True)
        self._console.file.flush()
        self._last_line_is_open = True

    def _close_last_line(self) -> None:
        if self._last_line_is_open:
            self._last_line_is_open = False
            self._console.file.write(_ERASE_LINE if self._console.is_terminal else "\n")
            self._console.file.flush()

    def _run_started(self, event: events.RunStarted) -> None:
        self._label = event.backend_label
        self._titles = {step.id: step.title for step in event.steps}
        step_drawing.draw_run(self._console, event)

    def _step_started(self, event: events.StepStarted) -> None:
        self._standing_at = event.step
        if self._gap_wanted:
            self._console.print()
            self._gap_wanted = False
        step_drawing.draw_step(self._console, event, self._label)
        for past in self._transcript.of(event.step):
            self._draw[type(past)](past)
        self._command_shown = event.command

    def _command_started(self, event: events.CommandStarted) -> None:
        self._last_try.begin(event)
        if event.purpose in _QUIET_PURPOSES:
            if event.purpose == "control":
                self._console.print(Text("Asking whether the outside answers ...", "dim"))
        elif event.purpose == "retry":
            self._console.print(Text(f"Again, attempt {event.attempt}:", "dim"))
        elif event.purpose != "command":
            self._console.print(Text(f"$ {event.command.strip()}", "dim"), soft_wrap=True)
        elif event.command != self._command_shown:
            self._console.print(command_text(event.command), soft_wrap=True)
        self._command_shown = ""

    def _output_received(self, event: events.OutputReceived) -> None:
        self._last_try.keep(event)
        if event.purpose not in _QUIET_PURPOSES:
            self._output.write(event.stream, event.text)

    def _command_ended(self, event: events.CommandEnded) -> None:
        self._output.end()
        if event.purpose in _JUDGED_PURPOSES:
            self._command_seconds = event.seconds
            self._was_interrupted = event.ended_by == "interrupt"
        if event.ended_by == "timeout":
            self._note("warning", f"Stopped: it took longer than {wording.duration(event.seconds)}.")
        elif event.ended_by == "interrupt" and event.purpose not in _JUDGED_PURPOSES:
            self._note("warning", f"Stopped by you after {wording.duration(event.seconds)}.")
        elif not event.state_saved and event.purpose == "command":
            self._note("info", "This command left no shell state behind; the state before it stays.")

    def _waiting(self, event: events.Waiting) -> None:
        stop = f", {self._way_to_stop}" if self._console.is_terminal else ""
        self._write_open(Text(f"{wording.waiting_line(event)}{stop}", "dim"))

    def _verdict_reached(self, event: events.VerdictReached) -> None:
        if self._was_interrupted:
            return
        self._draw_last_try()
        draw_verdict(self._console, event.verdict, self._command_seconds, unicode=self._unicode)

    def _draw_last_try(self) -> None:
        """What was waited for, as it was when the waiting ended."""
        if not self._last_try.command:
            return
        self._console.print(Text(f"$ {self._last_try.command}", "dim"), soft_wrap=True)
        for stream, text in self._last_try.output:
            self._output.write(stream, text)
        self._output.end()

    def _step_ended(self, event: events.StepEnded) -> None:
        if event.outcome not in ("passed", "failed"):
            title = "" if event.step == self._standing_at else self._titles.get(event.step, event.step)
            step_drawing.draw_outcome(self._console, event, title, unicode=self._unicode)
        elif event.outcome == "failed" and event.reason:
            self._note("warning", event.reason)
        if event.after and event.outcome == "passed":
            step_drawing.draw_markdown(self._console, event.after)
        self._console.print()

    def _noticed(self, event: events.Noticed) -> None:
        self._note(event.level, event.text)
        self._gap_wanted = True

    def _note(self, level: str, text: str) -> None:
        mark = wording.LEVELS.get(level, wording.LEVELS["info"])
        lead = f"{mark.symbol(unicode=self._unicode)} {mark.word}: "
        self._console.print(Text(lead, mark.style).append(text, "default"))


if __name__ == "__main__":
    from tutorial.ui.sample_run import SAMPLE_RUN

    _view = TerminalView(Console(markup=False, highlight=False))
    for _event in SAMPLE_RUN:
        _view.handle(_event)
