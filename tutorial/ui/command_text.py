"""A documented command as coloured text: bash, with the YAML of its heredocs as YAML.

Used by the terminal view and by `tutorial.cli`'s `show`.
"""

from __future__ import annotations

import re

from rich.syntax import Syntax
from rich.text import Text

_HEREDOC = re.compile(r"<<-?\s*(?P<quote>['\"]?)(?P<word>\w+)(?P=quote)")
_YAML_LINE = re.compile(r"^\s*(-\s+)?[\w.\-/]+:(\s|$)")
THEME = "ansi_dark"


def command_text(command: str, *, prompt: str = "$ ") -> Text:
    """`command` highlighted, with `prompt` before its first line. Its text is unchanged."""
    highlighted = [_highlight(language, piece) for language, piece in _pieces(command.rstrip("\n"))]
    return Text(prompt, "dim").append_text(Text("\n").join(highlighted))


def _highlight(language: str, piece: str) -> Text:
    """`piece` with colours, or without when the lexer would change a character of it."""
    highlighted = Syntax("", language, theme=THEME, background_color="default").highlight(piece)
    highlighted.right_crop(len(highlighted.plain) - len(piece))
    return highlighted if highlighted.plain == piece else Text(piece)


def _pieces(command: str) -> list[tuple[str, str]]:
    """The command cut into (language, lines) at its heredocs."""
    pieces: list[tuple[str, str]] = []
    bash: list[str] = []
    lines = command.split("\n")
    index = 0
    while index < len(lines):
        bash.append(lines[index])
        end = _heredoc_end(lines, index)
        index += 1
        if end is not None and end > index and _YAML_LINE.match(lines[index]):
            pieces.append(("bash", "\n".join(bash)))
            pieces.append(("yaml", "\n".join(lines[index:end])))
            bash, index = [], end
    if bash:
        pieces.append(("bash", "\n".join(bash)))
    return pieces


def _heredoc_end(lines: list[str], start: int) -> int | None:
    """The line that ends the heredoc which line `start` begins, or None."""
    match = _HEREDOC.search(lines[start])
    if match is None:
        return None
    for index in range(start + 1, len(lines)):
        if lines[index].strip() == match["word"]:
            return index
    return None
