"""A step's first screen on a terminal: where I am, title, explanation, command, keys.

Used by `tutorial.ui.terminal_view`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from tutorial.engine.events import RunStarted, StepEnded, StepStarted
from tutorial.ui import wording
from tutorial.ui.command_text import command_text
from tutorial.ui.markdown import blocks, inline_pieces
from tutorial.ui.screen import Choice

TEXT_WIDTH = 90
"""Prose is not drawn wider than this, in columns."""

NARROW = 40
"""Below this width, in columns, lines wrap that are cut off on other terminals."""

_INLINE_STYLES = {"code": "bold cyan", "strong": "bold", "emphasis": "italic"}


def draw_run(console: Console, event: RunStarted) -> None:
    """The line above the first step."""
    steps = sum(not step.aside for step in event.steps)
    title = Text(event.title, "bold")
    title.append(f"   {wording.count_of(steps, 'step')}", "dim")
    console.print(title)
    if event.resumed:
        console.print(Text(f"Going on with run {event.run_id}.", "dim"))
    console.print()


def draw_step(console: Console, event: StepStarted, label: str) -> None:
    """The whole first screen but its keys."""
    narrow = console.width < NARROW
    console.print(header_text(event, label), no_wrap=not narrow, overflow="fold" if narrow else "ellipsis")
    console.print(Text(event.title, "bold"))
    console.print()
    if event.explain:
        draw_markdown(console, event.explain)
        console.print()
    for note in event.notes:
        _draw_hanging(console, "Note: ", Text(note.strip(), "dim"), min(console.width, TEXT_WIDTH))
    if event.notes:
        console.print()
    console.print(command_text(event.command), soft_wrap=True)
    console.print()


def header_text(event: StepStarted, label: str) -> Text:
    """`[sandbox]  step 4 of 14  Section`."""
    header = Text(f"[{label}]", "bold reverse cyan")
    header.append(f"  {wording.place(event)}", "not reverse bold")
    return header.append(f"  {event.section}", "not reverse dim")


def inline_text(text: str) -> Text:
    """`text` with its inline marks as styles."""
    drawn = Text()
    for piece, kind in inline_pieces(text):
        drawn.append(piece, _INLINE_STYLES.get(kind, ""))
    return drawn


def draw_markdown(console: Console, text: str) -> None:
    """Paragraphs, list items and code of `text`."""
    width = min(console.width, TEXT_WIDTH)
    for block in blocks(text):
        if block.kind == "code":
            console.print(Padding(Text(block.text), (0, 0, 0, 2)))
        else:
            _draw_hanging(console, block.marker, inline_text(block.text), width)


def _draw_hanging(console: Console, marker: str, text: Text, width: int) -> None:
    """Wrapped text whose lines after the first stand under the first, right of the marker."""
    indent = " " * len(marker)
    for number, line in enumerate(text.wrap(console, max(width - len(marker), 1))):
        line.rstrip()
        console.print(Text(indent if number else marker).append_text(line), soft_wrap=True)


def draw_keys(console: Console, choices: Sequence[Choice]) -> None:
    """Every key with what it does."""
    for choice in choices:
        _draw_hanging(console, f"  {choice.key:<6} ", Text(choice.help), min(console.width, TEXT_WIDTH))


def draw_outcome(console: Console, event: StepEnded, title: str, *, unicode: bool) -> None:
    """How a step without a verdict ended: skipped, undone, already done. `title` names a step that
    is not the one on the screen."""
    mark = wording.OUTCOMES.get(event.outcome, wording.UNKNOWN)
    line = Text(f"{mark.symbol(unicode=unicode)} {mark.word or event.outcome}", f"bold {mark.style}")
    for text in filter(None, (title, event.reason)):
        line.append(f"   {text}", "not bold default")
    console.print(line)


def footer_lines(choices: Sequence[Choice], width: int) -> list[Text]:
    """`Enter run   k skip   ? keys   q quit` in lines of at most `width` columns.

    Where `?` shows all keys, it is one line, and what does not fit is left to that; otherwise all
    choices are there, in as many lines as they need.
    """
    named = [choice for choice in choices if choice.word]
    lines = [_that_fit(named, width)] if any(choice.key == "?" for choice in named) else _rows(named, width)
    return [_footer_line(line, width) for line in lines]


def _that_fit(choices: list[Choice], width: int) -> list[Choice]:
    """As many of the first choices as fit before the last two, `?` and `q`; failing that, the first
    one and `?`, else only those two."""
    *first, help_, quit_ = choices
    shown = [[*first[:count], help_, quit_] for count in range(len(first), 0, -1)] + [[*first[:1], help_]]
    return next((each for each in shown if _footer_width(each) <= width), [help_, quit_])


def _rows(choices: list[Choice], width: int) -> list[list[Choice]]:
    rows: list[list[Choice]] = [[]]
    for choice in choices:
        if rows[-1] and _footer_width([*rows[-1], choice]) > width:
            rows.append([])
        rows[-1].append(choice)
    return rows


def _footer_line(choices: Sequence[Choice], width: int) -> Text:
    footer = Text()
    for choice in choices:
        footer.append(f"{choice.key} ", "bold").append(f"{choice.word}   ", "dim")
    footer.rstrip()
    footer.truncate(max(width, 1))
    return footer


def _footer_width(choices: Sequence[Choice]) -> int:
    return sum(len(choice.key) + len(choice.word) + 4 for choice in choices) - 3
