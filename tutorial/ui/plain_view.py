"""The view of append-only lines: for screen readers, logs and dumb terminals.

A `Sink` of the engine and the `Screen` of the prompts. No colour, no cursor movement, no drawing;
every status is a word. It needs no rich.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from tutorial.engine import events
from tutorial.expect.verdict import Mismatch
from tutorial.text.escapes import safe_text
from tutorial.ui import wording
from tutorial.ui.last_try import LastTry
from tutorial.ui.markdown import blocks, strip_inline
from tutorial.ui.screen import Choice
from tutorial.ui.transcript import Transcript
from tutorial.ui.whole_lines import WholeLines

_QUIET_PURPOSES = frozenset({"until", "control"})
_JUDGED_PURPOSES = frozenset({"command", "retry"})
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
"""What the escape filter lets through: colours and styles."""


class PlainView:
    """Writes a run's events as lines; raises OSError when the reader has gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._transcript = Transcript()
        self._last_try = LastTry()
        self._run_id = ""
        self._label = ""
        self._titles: dict[str, str] = {}
        self._standing_at = ""
        self._was_interrupted = False
        self._command_seconds = 0.0
        self._lines = WholeLines()
        self._write: dict[type[events.Event], Callable[[Any], None]] = {
            events.RunStarted: self._run_started,
            events.StepStarted: self._step_started,
            events.CommandStarted: self._command_started,
            events.OutputReceived: self._output_received,
            events.CommandEnded: self._command_ended,
            events.Waiting: self._waiting,
            events.VerdictReached: self._verdict_reached,
            events.StepEnded: self._step_ended,
            events.Noticed: self._noticed,
            events.RollbackStarted: self._rollback_started,
            events.ObjectUndone: self._object_undone,
            events.RollbackEnded: self._rollback_ended,
            events.RunEnded: self._run_ended,
        }

    def handle(self, event: events.Event) -> None:
        write = self._write.get(type(event))
        if write is not None:
            write(event)
            self._transcript.keep(event)
            self._stream.flush()

    def say(self, text: str, *, heading: str = "") -> None:
        if heading:
            self._line(f"{safe_text(heading)}:")
        self._markdown(safe_text(text))
        self._stream.flush()

    def show_output(self, text: str, *, heading: str = "") -> None:
        if heading:
            self._line(f"{safe_text(heading)}:")
        self._line(safe_text(text).rstrip("\n"))
        self._stream.flush()

    def show_keys(self, choices: Sequence[Choice]) -> None:
        self._line("Keys:")
        for choice in choices:
            self._line(f"{choice.key}: {choice.help}")
        self._stream.flush()

    def ask(self, question: str, choices: Sequence[Choice]) -> None:
        if question:
            self._line(question)
        words = [f"{choice.key}: {choice.word}" for choice in choices if choice.word]
        self._line(f"Type a key, then Enter. {', '.join(words)}.")
        self._stream.flush()

    def answered(self) -> None:
        """What was asked stays: lines are only appended."""

    def _line(self, text: str = "") -> None:
        self._stream.write(f"{text}\n")

    def _output_line(self, line: str) -> None:
        self._line(_COLOURS.sub("", line))

    def _markdown(self, text: str) -> None:
        for block in blocks(text):
            self._line(block.text if block.kind == "code" else block.marker + strip_inline(block.text))

    def _run_started(self, event: events.RunStarted) -> None:
        self._run_id = event.run_id
        self._label = event.backend_label
        self._titles = {step.id: step.title for step in event.steps}
        steps = sum(not step.aside for step in event.steps)
        self._line(f"{event.title}: {wording.count_of(steps, 'step')}, [{event.backend_label}]")
        if event.resumed:
            self._line(f"Going on with run {event.run_id}.")

    def _step_started(self, event: events.StepStarted) -> None:
        self._standing_at = event.step
        self._line()
        self._line(f"[{self._label}] {wording.place(event)}, {event.section}")
        self._line(f"{event.title}")
        self._markdown(event.explain)
        for note in event.notes:
            self._line(f"Note: {' '.join(note.split())}")
        self._line("Command:")
        self._line(event.command.rstrip("\n"))
        for past in self._transcript.of(event.step):
            self._write[type(past)](past)

    def _command_started(self, event: events.CommandStarted) -> None:
        self._last_try.begin(event)
        if event.purpose == "command":
            self._line("Running:")
        elif event.purpose == "retry":
            self._line(f"Running again, attempt {event.attempt}:")
        elif event.purpose == "control":
            self._line("Asking whether the outside answers.")
        elif event.purpose not in _QUIET_PURPOSES:
            self._line(f"Running ({event.purpose}): {event.command.strip()}")

    def _output_received(self, event: events.OutputReceived) -> None:
        self._last_try.keep(event)
        if event.purpose in _QUIET_PURPOSES:
            return
        for line in self._lines.take(event.stream, event.text):
            self._output_line(line)

    def _command_ended(self, event: events.CommandEnded) -> None:
        if event.purpose in _JUDGED_PURPOSES:
            self._was_interrupted = event.ended_by == "interrupt"
            self._command_seconds = event.seconds
        for _, line in self._lines.end():
            self._output_line(line)
        if event.ended_by == "timeout":
            self._line(f"Warning: stopped, it took longer than {wording.duration(event.seconds)}.")
        elif event.ended_by == "interrupt" and event.purpose not in _JUDGED_PURPOSES:
            self._line(f"Warning: stopped by you after {wording.duration(event.seconds)}.")
        elif not event.state_saved and event.purpose == "command":
            self._line("Note: this command left no shell state behind; the state before it stays.")

    def _waiting(self, event: events.Waiting) -> None:
        if event.attempt in (1, 3) or event.attempt % 10 == 0:
            self._line(wording.waiting_line(event).capitalize() + ".")

    def _verdict_reached(self, event: events.VerdictReached) -> None:
        self._write_last_try()
        if event.verdict.passed:
            proof = f": {event.verdict.proof}" if event.verdict.proof else "."
            self._line(f"Passed in {wording.duration(self._command_seconds)}{proof}")
            return
        if self._was_interrupted:
            return
        for mismatch in event.verdict.mismatches:
            self._mismatch(mismatch)
        if event.verdict.cause:
            self._line(f"Likely cause: {strip_inline(event.verdict.cause)}")
        if event.verdict.fix:
            self._line(f"What to do: {strip_inline(event.verdict.fix)}")

    def _write_last_try(self) -> None:
        """What was waited for, as it was when the waiting ended."""
        if not self._last_try.command:
            return
        self._line(f"Waited for: {self._last_try.command}")
        for line in "".join(text for _, text in self._last_try.output).splitlines():
            self._output_line(line)

    def _mismatch(self, mismatch: Mismatch) -> None:
        line = f", line {mismatch.line}" if mismatch.line else ""
        column = f", column {mismatch.column}" if mismatch.column else ""
        self._line(f"Failed: {mismatch.where}{line}{column}: {mismatch.reason}")
        if mismatch.expected:
            self._line(f"Expected: {mismatch.expected.rstrip()}")
        if mismatch.actual:
            self._line(f"Actual: {mismatch.actual.rstrip()}")

    def _step_ended(self, event: events.StepEnded) -> None:
        if event.outcome not in ("passed", "failed"):
            mark = wording.OUTCOMES.get(event.outcome, wording.UNKNOWN)
            other = event.step != self._standing_at
            title = f" ({self._titles.get(event.step, event.step)})" if other else ""
            reason = f": {event.reason}" if event.reason else "."
            self._line(f"Step{title} {mark.word or event.outcome}{reason}")
        elif event.outcome == "failed" and event.reason:
            self._line(f"Warning: {event.reason}")
        if event.after and event.outcome == "passed":
            self._markdown(event.after)

    def _noticed(self, event: events.Noticed) -> None:
        self._line(f"{event.level.capitalize()}: {event.text}")

    def _rollback_started(self, event: events.RollbackStarted) -> None:
        if event.objects or event.run_id:
            self._line(f"{wording.rollback_heading(event)}.")

    def _object_undone(self, event: events.ObjectUndone) -> None:
        if event.outcome != "gone":
            self._line(wording.undone_line(event))

    def _rollback_ended(self, event: events.RollbackEnded) -> None:
        if event.complete:
            text = wording.all_is_back(event)
            self._line(f"{text[0].upper()}{text[1:]}.")
            return
        for heading, commands in wording.unfinished(event):
            self._line(heading)
            for command in commands:
                self._line(command)
        self._line(f"Or {wording.TRY_AGAIN}")

    def _run_ended(self, event: events.RunEnded) -> None:
        self._line(f"{wording.ending(event).word}: {wording.counts_line(event)}")
        for text in wording.goodbye_lines(event, self._run_id):
            self._line(text)
