"""Long tokens shortened in the middle, on the screen only. Pure; used by the views."""

from __future__ import annotations

import re

KEPT = 40
"""A token is never cut below this length."""

ELLIPSIS = "…"
_TOKEN = re.compile(r"\S+")


def cuts(line: str, width: int) -> list[tuple[int, int]]:
    """Which ranges of `line` to replace by an ellipsis so that it fits into `width` columns.

    Only tokens longer than KEPT are cut, longest first, each in its middle and no more than
    needed; a long line of short words is left to wrap.
    """
    excess = len(line) - width
    tokens = sorted(_TOKEN.finditer(line), key=lambda match: match.start() - match.end())
    found: list[tuple[int, int]] = []
    for match in tokens:
        spare = match.end() - match.start() - KEPT
        if excess <= 0 or spare <= 0:
            break
        removed = min(spare, excess)
        start = match.start() + (match.end() - match.start() - removed) // 2
        found.append((start, start + removed + len(ELLIPSIS)))
        excess -= removed
    return sorted(found)
