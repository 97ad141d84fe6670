"""What a comparator says when output is not as expected, and the words it says it in.

Used by the comparators of this room; `tutorial.expect.check` makes a Mismatch of it.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

MAX_SHOWN = 400
_MAX_LINES = 500
_MAX_WIDTH = 300
_NEAR = 0.5


@dataclass(frozen=True)
class Difference:
    """One way in which output differs; the fields are those of `Mismatch`."""

    reason: str
    expected: str
    actual: str = ""
    line: int = 0
    column: int = 0


def tidy(text: str) -> str:
    """`text` without blanks at the ends of its lines, and without empty lines at its end."""
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n")


def clip(text: str, most: int = MAX_SHOWN) -> str:
    """`text`, shortened in the middle when it is too long to show."""
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def quoted(text: str) -> str:
    """`text` as it stands in a sentence: in quotes, in one line, not too long."""
    lines = text.strip("\n").split("\n")
    return f'"{clip(lines[0], 80)}"' + (" ..." if len(lines) > 1 else "")


def first_difference(expected: str, actual: str) -> int:
    """The offset at which two texts begin to differ."""
    pairs = zip(expected, actual, strict=False)
    same = next((index for index, (left, right) in enumerate(pairs) if left != right), None)
    return min(len(expected), len(actual)) if same is None else same


def word_at(line: str, offset: int) -> str:
    """The word of `line` that holds the character at `offset`, without quotes around it."""
    start = max(line.rfind(" ", 0, offset), line.rfind("\t", 0, offset)) + 1
    rest = line[start:].split(maxsplit=1)
    return rest[0].strip("\"'") if rest and offset < len(line) else ""


def nearest_line(expected: str, actual: str) -> int | None:
    """The index of the line of `actual` that is most like `expected`, when one is at all."""
    lines = [line[:_MAX_WIDTH].strip() for line in actual.split("\n")[:_MAX_LINES]]
    matcher = difflib.SequenceMatcher(None, b=expected[:_MAX_WIDTH].strip(), autojunk=False)
    best, best_ratio = None, _NEAR
    for index, line in enumerate(lines):
        matcher.set_seq1(line)
        if matcher.real_quick_ratio() > best_ratio and matcher.quick_ratio() > best_ratio:
            ratio = matcher.ratio()
            if ratio > best_ratio:
                best, best_ratio = index, ratio
    return best
