"""Finds the hint that explains a failure. Used by `tutorial.expect.check`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tutorial.expect.search import SearchTimeoutError, search
from tutorial.steps.model import Hint
from tutorial.steps.substitute import fill

HINT_SECONDS = 0.5


def explain(hints: Sequence[Hint], evidence: Sequence[str], variables: Mapping[str, str]) -> tuple[str, str]:
    """Cause and fix of the first hint whose pattern matches a piece of `evidence`; else empty texts."""
    for hint in hints:
        pattern = fill(hint.pattern, variables, escape=re.escape)
        if any(_matches(pattern, text) for text in evidence):
            return fill(hint.cause, variables), fill(hint.fix, variables)
    return "", ""


def _matches(pattern: str, text: str) -> bool:
    try:
        return search(pattern, text, HINT_SECONDS) is not None
    except SearchTimeoutError:
        return False
