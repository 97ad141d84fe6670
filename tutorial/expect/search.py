"""Searches with a regular expression that somebody else wrote, and always comes back.

Used by every comparator, by hints and captures. Python's `re` cannot be stopped from within, so a
search whose worst case is long runs in a process of its own, which is killed when its time is up.
The others, nearly all, run here.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import warnings
from dataclasses import dataclass

SECONDS = 2.0
MAX_COST = 2e7
"""Worst-case matching steps that are certain to end in about a second."""

_TOKEN = re.compile(
    r"(?P<atom>\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<open>\(\??)|(?P<close>\))"
    r"|(?P<repeat>[*+?]|\{[0-9]*,?[0-9]*\})[?+]?|(?P<branch>\|)|.",
    re.DOTALL,
)
_LITERAL_START = re.compile(r"[A-Za-z0-9 \"'/_:=-]+(?![A-Za-z0-9 \"'/_:=*+?{-])")
_MULTILINE = re.compile(r"\(\?[a-z]*m")
_BACK_REFERENCE = re.compile(r"\\[1-9]|\(\?P=")

_CHILD = """
import json, re, signal, sys, warnings
warnings.simplefilter("ignore")
pattern, text, seconds = json.load(sys.stdin)
signal.alarm(seconds)
found = re.search(pattern, text)
json.dump(found and [found.start(), found.group(), found.group(1) if found.re.groups else None], sys.stdout)
"""


class SearchTimeoutError(Exception):
    """The search took longer than it may."""


@dataclass(frozen=True)
class Found:
    """Where the match begins, the text that matched, and its first group if there is one."""

    start: int
    text: str
    group: str | None


def search(pattern: str, text: str, seconds: float = SECONDS) -> Found | None:
    """The first match of `pattern` in `text`.

    Raises:
        SearchTimeoutError: it took longer than `seconds`.
        re.error: `pattern` is not a regular expression.
    """
    if worst_cost(pattern, text) > MAX_COST:
        return _search_in_child(pattern, text, seconds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = re.search(pattern, text)
    if found is None:
        return None
    return Found(found.start(), found.group(), found.group(1) if found.re.groups else None)


def worst_cost(pattern: str, text: str) -> float:
    """An upper bound of the steps that searching takes: infinite when repeats are nested."""
    shape = _shape(pattern)
    if shape is None:
        return math.inf
    repeats, branches = shape
    if not repeats and not branches:
        return len(text)
    length = len(text) + 1
    choices = 2.0 ** min(branches, 1000)
    return _starts(pattern, text) * choices * float(min(length, 10**9)) ** repeats / math.factorial(repeats)


def _shape(pattern: str) -> tuple[int, int] | None:
    """How many repeats and branches the pattern has; None when a repeated group holds one of them,
    or the pattern refers back to a group, or it has very many."""
    if _BACK_REFERENCE.search(pattern):
        return None
    repeats = branches = 0
    varies = [False]
    closed_group_varies = False
    for token in _TOKEN.finditer(pattern):
        if token["open"]:
            varies.append(False)
        elif token["branch"]:
            branches += 1
            varies[-1] = True
        elif token["repeat"]:
            if closed_group_varies:
                return None
            repeats += 1
            varies[-1] = True
        closed_group_varies = False
        if token["close"] and len(varies) > 1:
            closed_group_varies = varies.pop()
            varies[-1] |= closed_group_varies
    return (repeats, branches) if repeats <= 12 else None


def _starts(pattern: str, text: str) -> int:
    """At how many places a match can begin."""
    multiline = _MULTILINE.match(pattern) is not None
    body = re.sub(r"^\(\?[a-z]+\)", "", pattern)
    if "|" not in body:
        if body.startswith("\\A") or (body.startswith("^") and not multiline):
            return 1
        if body.startswith("^"):
            return text.count("\n") + 1
        literal = _LITERAL_START.match(pattern)
        if literal:
            return text.count(literal.group()) + 1
    return len(text) + 1


def _search_in_child(pattern: str, text: str, seconds: float) -> Found | None:
    request = json.dumps([pattern, text, math.ceil(seconds) + 1])
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _CHILD],
            input=request,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=seconds,
            check=True,
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError):
        raise SearchTimeoutError(
            f"the pattern was still searching after {seconds:g} s; write one without nested repeats"
        ) from None
    answer = json.loads(done.stdout)
    return None if answer is None else Found(*answer)
