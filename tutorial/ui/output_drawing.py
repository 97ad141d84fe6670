"""A command's output on a terminal: whole lines as they come, long tokens shortened.

Used by `tutorial.ui.terminal_view`. The text was made safe before it became an event; only colours
may be left in it, and it is never taken for markup.
"""

from __future__ import annotations

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.text import Text

from tutorial.ui.shorten import ELLIPSIS, cuts
from tutorial.ui.whole_lines import WholeLines

STYLES = {"stderr": "yellow"}


class OutputDrawing:
    """Draws each line when it is finished."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines = WholeLines()
        self._colours: dict[str, AnsiDecoder] = {}

    def write(self, stream: str, text: str) -> None:
        """Draw the lines that `text` completes."""
        lines = self._lines.take(stream, text)
        if lines:
            self._draw(stream, lines)

    def end(self) -> None:
        """The command is over: draw the unfinished lines."""
        for stream, line in self._lines.end():
            self._draw(stream, [line])
        self._colours = {}

    def _draw(self, stream: str, lines: list[str]) -> None:
        drawn = Text("\n", STYLES.get(stream, "")).join(self._shortened(stream, line) for line in lines)
        drawn.style = STYLES.get(stream, "")
        self._console.print(drawn, soft_wrap=True)

    def _shortened(self, stream: str, line: str) -> Text:
        text = self._colours.setdefault(stream, AnsiDecoder()).decode_line(line)
        shown, end = Text(), 0
        for start, stop in cuts(text.plain, self._console.width):
            shown.append_text(text[end:start]).append(ELLIPSIS, "dim")
            end = stop
        return shown.append_text(text[end:]) if end else text
