"""The little Markdown that step files use: paragraphs, lists, fenced code, code, strong, links.

Pure; every view draws the blocks and pieces in its own way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_FENCE = "```"
_ITEM = re.compile(r"^\s*(?:[-*]|\d+\.)\s+")
_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|(?<![\w*])\*(?P<emphasis>[^*\s][^*]*)\*(?!\w)"
    r"|\[(?P<label>[^\]]+)\]\((?P<target>[^)\s]+)\)"
)


@dataclass(frozen=True)
class Block:
    """A paragraph or list item on one line, or a piece of code as it stands. `marker` is a list
    item's `- ` or `1. `."""

    kind: Literal["paragraph", "item", "code"]
    text: str
    marker: str = ""


def blocks(text: str) -> list[Block]:
    """The blocks of `text` in order. Lines of one paragraph are joined."""
    found: list[Block] = []
    code: list[str] | None = None
    open_block = False
    for line in text.strip("\n").splitlines():
        if line.strip().startswith(_FENCE):
            if code is not None:
                found.append(Block("code", "\n".join(code)))
            code = [] if code is None else None
            open_block = False
        elif code is not None:
            code.append(line)
        elif not line.strip():
            open_block = False
        elif match := _ITEM.match(line):
            found.append(Block("item", line[match.end() :].strip(), match.group().strip() + " "))
            open_block = True
        elif open_block:
            last = found[-1]
            found[-1] = Block(last.kind, f"{last.text} {line.strip()}", last.marker)
        else:
            found.append(Block("paragraph", line.strip().lstrip("#").strip()))
            open_block = True
    if code:
        found.append(Block("code", "\n".join(code)))
    return found


def strip_inline(text: str) -> str:
    """`text` without the marks of code, strong and emphasis; a link becomes `label (target)`."""
    return "".join(piece for piece, _ in inline_pieces(text))


def inline_pieces(text: str) -> list[tuple[str, str]]:
    """Text and the name of its inline kind (empty for plain text), in order."""
    pieces: list[tuple[str, str]] = []
    end = 0
    for match in _INLINE.finditer(text):
        pieces.append((text[end : match.start()], ""))
        if match["label"]:
            pieces.append((f"{match['label']} ({match['target']})", ""))
        else:
            kind = match.lastgroup or ""
            pieces.append((match[kind], kind))
        end = match.end()
    pieces.append((text[end:], ""))
    return [piece for piece in pieces if piece[0]]
