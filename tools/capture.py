"""Makes the README's pictures: drives a real run in an 80x24 terminal and saves its screens.

    .venv/bin/python tools/capture.py [FOLDER]      (default: docs/screens)

Each screen is saved twice, as text and as SVG. Needs the `test` extra (pexpect, pyte).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import pexpect
import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

COLUMNS, ROWS = 80, 24
SETTLE_SECONDS = 0.7

# rich's own template fetches a font from the network; this one uses what the reader has.
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Terminal:
    """A program in a terminal whose screen can be read."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._child = pexpect.spawn(
            command[0], command[1:], env=environment, dimensions=(ROWS, COLUMNS), timeout=60
        )

    def press(self, key: str) -> None:
        self._child.send(key)

    def wait_for(self, words: str, seconds: float = 60) -> None:
        """Read until the screen shows `words` and has come to rest."""
        deadline = time.monotonic() + seconds
        while words not in self.text():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{words!r} did not appear:\n{self.text()}")
            self._read(0.2)
        while self._read(SETTLE_SECONDS):
            pass

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip() + "\n"

    def picture(self) -> str:
        """The screen as SVG, in its own colours."""
        with Path(os.devnull).open("w") as nowhere:
            console = Console(width=COLUMNS, record=True, file=nowhere, force_terminal=True)
            for row in range(ROWS):
                console.print(self._styled_row(row), no_wrap=True, overflow="crop")
            return console.export_svg(title="egress-tutorial run externalname", code_format=SVG)

    def close(self) -> None:
        self._child.close(force=True)

    def _read(self, seconds: float) -> bool:
        try:
            self._stream.feed(self._child.read_nonblocking(65536, timeout=seconds))
        except (pexpect.TIMEOUT, pexpect.EOF):
            return False
        return True

    def _styled_row(self, row: int) -> Text:
        text = Text()
        for column in range(COLUMNS):
            cell = self._screen.buffer[row][column]
            text.append(
                cell.data,
                Style(
                    color=_colour(cell.fg),
                    bgcolor=_colour(cell.bg),
                    bold=cell.bold,
                    italic=cell.italics,
                    underline=cell.underscore,
                    reverse=cell.reverse,
                ),
            )
        return text


def _colour(name: str) -> str | None:
    """pyte's colour name as rich's."""
    if name == "default":
        return None
    if len(name) == 6 and all(digit in "0123456789abcdef" for digit in name):
        return f"#{name}"
    return name.replace("brown", "yellow").replace("bright", "bright_")


def capture(folder: Path) -> None:
    """Save the first screen of the step that reaches httpbin through the sidecar, and the second."""
    folder.mkdir(parents=True, exist_ok=True)
    program = str(Path(sys.executable).parent / "egress-tutorial")
    with tempfile.TemporaryDirectory() as state:
        environment = dict(os.environ, XDG_STATE_HOME=state, TERM="xterm-256color", COLORTERM="truecolor")
        terminal = Terminal([program, "run", "externalname", "--from", "access-with-sidecar"], environment)
        try:
            terminal.wait_for("Enter")
            _save(terminal, folder / "before")
            terminal.press("\r")
            terminal.wait_for("passed")
            _save(terminal, folder / "after")
            terminal.press("q")
            terminal.wait_for("?")
        finally:
            terminal.close()


def _save(terminal: Terminal, path: Path) -> None:
    path.with_suffix(".txt").write_text(terminal.text())
    path.with_suffix(".svg").write_text(terminal.picture())
    print(path.with_suffix(".svg"))


if __name__ == "__main__":
    capture(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screens"))
