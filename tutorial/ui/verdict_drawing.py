"""A verdict on a terminal: what held, or what was expected beside what came, and why.

Used by `tutorial.ui.terminal_view`.
"""

from __future__ import annotations

from rich.columns import Columns
from rich.console import Console
from rich.text import Text

from tutorial.expect.verdict import Mismatch, Verdict
from tutorial.ui import wording
from tutorial.ui.difference import differing, excerpt, fitted
from tutorial.ui.step_drawing import inline_text

SIDE_BY_SIDE_WIDTH = 120
"""From this many columns on, expected and actual stand beside each other, where their lines fit."""

_MARKED = "bold reverse"
_INDENT = "  "


def draw_verdict(console: Console, verdict: Verdict, seconds: float, *, unicode: bool) -> None:
    """`✓ passed in 0.4 s   proof`, or every mismatch with its likely cause."""
    mark = wording.OUTCOMES["passed" if verdict.passed else "failed"]
    line = Text(f"{mark.symbol(unicode=unicode)} {mark.word}", f"bold {mark.style}")
    line.append(f" in {wording.duration(seconds)}", "not bold dim")
    if verdict.passed and verdict.proof:
        line.append(f"   {verdict.proof}", "not bold dim")
    console.print(line)
    for mismatch in verdict.mismatches:
        _draw_mismatch(console, mismatch)
    if verdict.cause:
        _draw_labelled(console, "likely cause", verdict.cause)
    if verdict.fix:
        _draw_labelled(console, "what to do", verdict.fix)


def _draw_labelled(console: Console, label: str, text: str) -> None:
    console.print(Text(f"{label}: ", "bold").append_text(inline_text(" ".join(text.split()))))


def _draw_mismatch(console: Console, mismatch: Mismatch) -> None:
    place = mismatch.where + (f", line {mismatch.line}" if mismatch.line else "")
    console.print(Text(f"{place}: ", "bold red").append(mismatch.reason, "not bold default"))
    if not mismatch.expected and not mismatch.actual:
        return
    expected_range, actual_range = differing(mismatch)
    half = console.width // 2 - 2
    longest = max(map(len, (*mismatch.expected.splitlines(), *mismatch.actual.splitlines())))
    beside = console.width >= SIDE_BY_SIDE_WIDTH and longest + len(_INDENT) < half
    width = half if beside else console.width
    expected = _marked("expected", mismatch.expected, expected_range, "green", width)
    actual = _marked("actual", mismatch.actual, actual_range, "red", width)
    if beside:
        console.print(Columns([expected, actual], width=width))
    else:
        console.print(expected, soft_wrap=True)
        console.print(actual, soft_wrap=True)


def _marked(label: str, text: str, marked: tuple[int, int], style: str, width: int) -> Text:
    """The label above the indented text, the differing range told by reverse video and by `^`."""
    shown = fitted(excerpt(text, marked), width - len(_INDENT))
    drawn = Text(f"{label}:\n", f"bold {style}")
    body = Text(shown.text, "not bold default")
    body.stylize(f"{_MARKED} {style}", *shown.marked)
    for number, line in enumerate(body.split("\n", allow_blank=True)):
        drawn.append(_INDENT).append_text(line).append("\n")
        if number == shown.line and shown.underline:
            drawn.append(f"{_INDENT}{shown.underline}\n", f"not bold {style}")
    drawn.rstrip()
    return drawn
