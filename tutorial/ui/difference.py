"""Where expected and actual differ, and the lines around it. Pure; used by the views."""

from __future__ import annotations

from dataclasses import dataclass

from tutorial.expect.verdict import Mismatch
from tutorial.ui.shorten import ELLIPSIS

Range = tuple[int, int]
"""Start and end (exclusive) of a piece of a text; equal when nothing is marked."""

NOTHING: Range = (0, 0)
EXCERPT_LINES = 8
_NARROWEST = 12
"""Columns below which cutting a line leaves nothing to see."""

_VERBATIM_RULES = frozenset({"equals", "contains", "like", "elided", "exit_code"})
"""Rules whose expected text can be held against the output character by character."""


@dataclass(frozen=True)
class Excerpt:
    """Some lines of a text: the marked range in them, the line (from 0) it begins in, and the
    `^^^` line that goes under that line (empty when nothing is marked)."""

    text: str
    marked: Range
    line: int
    underline: str


def differing(mismatch: Mismatch) -> tuple[Range, Range]:
    """The differing range of `expected` and of `actual`, without their common beginning and end."""
    expected, actual = mismatch.expected, mismatch.actual
    if mismatch.rule not in _VERBATIM_RULES or not expected or not actual:
        return NOTHING, NOTHING
    start = _shared_length(expected, actual)
    rest_expected, rest_actual = expected[start:], actual[start:]
    shared = _shared_length(rest_expected[::-1], rest_actual[::-1])
    return (start, len(expected) - shared), (start, len(actual) - shared)


def _shared_length(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def excerpt(text: str, marked: Range, lines: int = EXCERPT_LINES) -> Excerpt:
    """At most `lines` lines of `text`, those around the beginning of `marked` first."""
    start, end = marked
    all_lines = text.rstrip("\n").split("\n")
    line = min(text.count("\n", 0, start), len(all_lines) - 1)
    first = max(0, min(line - lines // 2, len(all_lines) - lines))
    shown = all_lines[first : first + lines]
    before = sum(len(one) + 1 for one in all_lines[:first])
    shown_text = "\n".join(shown)
    if start >= end:
        return Excerpt(shown_text, NOTHING, 0, "")
    begin = start - before
    stop = min(end - before, len(shown_text))
    column = begin - (shown_text.rfind("\n", 0, begin) + 1)
    width = max(1, min(stop - begin, len(all_lines[line]) - column))
    return Excerpt(shown_text, (begin, stop), line - first, " " * column + "^" * width)


def fitted(shown: Excerpt, width: int) -> Excerpt:
    """The same with its lines cut to `width` columns where the marks would not stand under what they
    mark otherwise: in the marked line what is marked is seen. Without a mark all lines stay whole."""
    lines = shown.text.split("\n")
    if not shown.underline or len(lines[shown.line]) <= width or width < _NARROWEST:
        return shown
    first = sum(len(line) + 1 for line in lines[: shown.line])
    line, column = lines[shown.line], shown.marked[0] - first
    start = max(0, min(column - width // 3, len(line) - width + 1))
    head = ELLIPSIS if start else ""
    room = width - len(head)
    tail = ELLIPSIS if len(line) - start > room else ""
    kept = line[start : start + room - len(tail)]
    cut = [each if len(each) <= width else each[: width - 1] + ELLIPSIS for each in lines]
    cut[shown.line] = head + kept + tail
    begin = sum(len(each) + 1 for each in cut[: shown.line]) + len(head) + column - start
    length = min(len(shown.underline.strip()), len(head + kept) - (len(head) + column - start))
    underline = " " * (len(head) + column - start) + "^" * max(length, 1)
    return Excerpt("\n".join(cut), (begin, begin + max(length, 1)), shown.line, underline)
