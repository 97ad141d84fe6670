"""The words and glyphs that every view uses alike. Pure; used by the views of `tutorial.ui`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from tutorial.engine.events import (
    ObjectUndone,
    RollbackEnded,
    RollbackStarted,
    RunEnded,
    StepStarted,
    Waiting,
)
from tutorial.text.escapes import safe_text

_ROW_WIDTH = 78


@dataclass(frozen=True)
class Mark:
    """A status as glyph, ASCII stand-in, word and colour: never told by colour alone."""

    glyph: str
    ascii: str
    word: str
    style: str

    def symbol(self, *, unicode: bool) -> str:
        return self.glyph if unicode else self.ascii


OUTCOMES = {
    "passed": Mark("✓", "+", "passed", "green"),
    "failed": Mark("✗", "x", "failed", "red"),
    "skipped": Mark("–", "-", "skipped", "yellow"),
    "undone": Mark("↶", "<", "undone", "cyan"),
    "already": Mark("=", "=", "already done", "cyan"),
    "interrupted": Mark("■", "o", "stopped", "yellow"),
}
UNDOINGS = {
    "deleted": Mark("✓", "+", "deleted", "green"),
    "gone": Mark("✓", "+", "was gone", "green"),
    "restored": Mark("✓", "+", "restored", "green"),
    "put back": Mark("✓", "+", "put back", "green"),
    "foreign": Mark("!", "!", "left: not made by this run", "yellow"),
    "blocked": Mark("✗", "x", "blocked", "red"),
    "failed": Mark("✗", "x", "failed", "red"),
}
ENDINGS = {
    "passed": Mark("✓", "+", "All checks passed", "green"),
    "failed": Mark("✗", "x", "A step failed", "red"),
    "quit": Mark("–", "-", "Ended early", "yellow"),
    "kept": Mark("–", "-", "Ended, everything kept", "yellow"),
    "stopped": Mark("–", "-", "Stopped by a signal", "yellow"),
}
CUT_SHORT = Mark("✗", "x", "Could not go on", "red")
"""A run that was to end as `failed` though no step failed: an error ended it, and was told."""
LEVELS = {
    "info": Mark("·", "*", "note", "cyan"),
    "warning": Mark("!", "!", "warning", "yellow"),
}
UNKNOWN = Mark("·", "*", "", "default")


def ending(end: RunEnded) -> Mark:
    """How the run ended."""
    if end.outcome == "failed" and not end.failed:
        return CUT_SHORT
    return ENDINGS.get(end.outcome, UNKNOWN)


def duration(seconds: float) -> str:
    """Seconds as a person reads them: `0.4 s`, `12 s`, `2 min 5 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def count_of(number: int, word: str) -> str:
    """`1 step`, `17 steps`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def place(step: StepStarted) -> str:
    """Where the reader is: `step 4 of 14`, or `aside` for a step beyond the document."""
    return "aside" if step.aside else f"step {step.number} of {step.total}"


def waiting_line(waiting: Waiting) -> str:
    """An `until` that does not hold yet: `waiting: try 3, 12 of 60 s`."""
    return f"waiting: try {waiting.attempt}, {waiting.elapsed:.0f} of {waiting.timeout:.0f} s"


def counts_line(end: RunEnded) -> str:
    """`17 passed, 1 failed, 2 skipped in 34 s`; zero counts of failed and skipped are left out."""
    counts = [f"{end.passed} passed"]
    counts += [f"{end.failed} failed"] if end.failed else []
    counts += [f"{end.skipped} skipped"] if end.skipped else []
    return f"{', '.join(counts)} in {duration(end.seconds)}"


def goodbye_lines(end: RunEnded, run_id: str) -> list[str]:
    """What to type to come back to a run that was kept, or to undo it."""
    if not end.kept and end.outcome != "kept":
        return []
    return [
        f"Go on where you left: egress-tutorial resume {run_id}",
        f"Put everything back: egress-tutorial rollback {run_id}",
    ]


def rows_text(rows: Iterable[tuple[str, str]]) -> str:
    """Names and what is behind them, a paragraph each, as questions show them before a cluster is
    written to. What cannot be seen is made visible."""
    return safe_text("\n".join(_row(name, text) for name, text in rows))


def _row(name: str, text: str) -> str:
    lead = f"  {name:<12}"
    return textwrap.fill(
        text, _ROW_WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False
    )


def rollback_heading(started: RollbackStarted) -> str:
    """The line above the list of what is undone."""
    run = f" of run {started.run_id}" if started.run_id else ""
    count = f": {count_of(started.objects, 'object')}" if started.objects else ""
    return f"Putting everything{run} back{count}"


def all_is_back(end: RollbackEnded) -> str:
    """What is said after a rollback that is complete, without a full stop."""
    return f"{f'run {end.run_id}: ' if end.run_id else ''}everything is back as it was"


TRY_AGAIN = "try again: egress-tutorial rollback (give it up: rollback --forget RUN)"
"""What can be done after a rollback that is incomplete; fits a line of 80 columns."""


def unfinished(end: RollbackEnded) -> list[tuple[str, tuple[str, ...]]]:
    """What a rollback could not finish: headings, each with the commands that do it by hand."""
    parts = [
        ("Still there. Remove it with:", end.left),
        ("Not put back. When its place is free, create it with:", end.saved),
    ]
    return [(heading, commands) for heading, commands in parts if commands]


def undone_line(undone: ObjectUndone) -> str:
    """One object of a rollback without its glyph: `deleted service/my-httpbin (detail)`."""
    mark = UNDOINGS.get(undone.outcome, UNKNOWN)
    detail = f" ({undone.detail})" if undone.detail else ""
    return f"{mark.word or undone.outcome} {undone.object}{detail}"
