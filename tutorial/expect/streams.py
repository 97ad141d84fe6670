"""Holds one stream of output against its expectation, comparator by comparator.

Called by `tutorial.expect.check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

from tutorial.expect.difference import Difference, clip, first_difference, nearest_line, quoted, tidy, word_at
from tutorial.expect.json_values import json_differences
from tutorial.expect.like import like
from tutorial.expect.search import SearchTimeoutError, search
from tutorial.steps.model import StreamExpectation
from tutorial.steps.substitute import fill

_WORDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 /_-]{2,}")


def stream_differences(
    expectation: StreamExpectation, text: str, variables: Mapping[str, str]
) -> Iterator[tuple[str, Difference]]:
    """Each rule of `expectation` that `text` breaks, with the difference."""
    fill_pattern = partial(fill, variables=variables, escape=re.escape)
    text = tidy(text)
    for wanted in expectation.contains:
        yield from _named("contains", contains(fill(wanted, variables), text))
    for unwanted in expectation.not_contains:
        yield from _named("not_contains", not_contains(fill(unwanted, variables), text))
    if expectation.like is not None:
        yield from _named("like", like(fill(expectation.like, variables), text))
    if expectation.elided is not None:
        yield from _named("elided", elided(fill(expectation.elided, variables), text))
    for pattern in expectation.matches:
        yield from _named("matches", matches(fill_pattern(pattern), text))
    if expectation.equals is not None:
        yield from _named("equals", equals(fill(expectation.equals, variables), text))
    for difference in json_differences(expectation.json, text, fill_pattern):
        yield "json", difference


def proofs(expectation: StreamExpectation, text: str) -> list[str]:
    """What was checked of a stream that passed: parts of a sentence that begins with its name."""
    found = []
    if expectation.equals is not None:
        found.append("equals the document's" if expectation.equals.strip() else "is empty")
    if expectation.like is not None:
        count = len(tidy(text).split("\n"))
        found.append(f"is like the document's ({count} line{'' if count == 1 else 's'})")
    if expectation.elided is not None:
        found.append("holds the document's lines")
    for verb, items in (("contains", expectation.contains), ("does not contain", expectation.not_contains)):
        if items:
            found.append(
                f"{verb} {' and '.join(map(quoted, items)) if len(items) < 3 else f'{len(items)} texts'}"
            )
    if expectation.matches:
        found.append("matches its pattern" if len(expectation.matches) == 1 else "matches its patterns")
    if expectation.json:
        found.append(f"has {', '.join(check.path for check in expectation.json)} as expected")
    return found


def contains(expected: str, text: str) -> Difference | None:
    wanted = tidy(expected)
    if wanted in text:
        return None
    return _absent(wanted, text)


def not_contains(unwanted: str, text: str) -> Difference | None:
    unwanted = tidy(unwanted)
    start = text.find(unwanted)
    if start < 0:
        return None
    line_start = text.rfind("\n", 0, start) + 1
    line = text[line_start:].split("\n", 1)[0]
    number = text.count("\n", 0, start) + 1
    reason = f"{quoted(unwanted)} must not be there, but line {number} has it"
    return Difference(reason, f"no {unwanted}", line, number, start - line_start + 1)


def elided(expected: str, text: str) -> Difference | None:
    """Every block between lines that are only `...` must be there, in whatever order."""
    blocks = re.split(r"(?m)^[ \t]*\.\.\.[ \t]*$", tidy(expected))
    for block in (tidy(block).lstrip("\n") for block in blocks):
        if block not in text:
            missing = next((line for line in block.split("\n") if line not in text), None)
            if missing is not None:
                return _absent(missing, text)
            return Difference("the lines are there, but not one after the other", block, text)
    return None


def equals(expected: str, text: str) -> Difference | None:
    wanted = tidy(expected)
    if wanted == text:
        return None
    if not text:
        return Difference("there is no output", wanted)
    if not wanted:
        return Difference(f"expected no output, found {quoted(text)}", "", text, 1, 1)
    wanted_lines, lines = wanted.split("\n"), text.split("\n")
    index = next(
        (at for at, pair in enumerate(zip(wanted_lines, lines, strict=False)) if pair[0] != pair[1]),
        min(len(wanted_lines), len(lines)),
    )
    if index == len(lines):
        missing = wanted_lines[index]
        return Difference(f"{quoted(missing)} is missing after line {index}", missing)
    if index == len(wanted_lines):
        return Difference(
            f"line {index + 1} is one too many: {quoted(lines[index])}", "", lines[index], index + 1, 1
        )
    return _unequal(wanted_lines[index], lines[index], index)


def matches(pattern: str, text: str) -> Difference | None:
    try:
        if search(pattern, text):
            return None
    except SearchTimeoutError as error:
        return Difference(str(error), pattern)
    if not text:
        return Difference("there is no output", pattern)
    words = max(_WORDS.findall(pattern), key=len, default="")
    index = nearest_line(words, text) or 0
    return Difference(
        f"nothing matches the pattern {clip(pattern, 160)}", pattern, text.split("\n")[index], index + 1
    )


def _named(rule: str, difference: Difference | None) -> Iterator[tuple[str, Difference]]:
    if difference:
        yield rule, difference


def _absent(wanted: str, text: str) -> Difference:
    """`wanted` is not in `text`: what comes nearest to it."""
    if not text:
        return Difference("there is no output", wanted)
    first = wanted.split("\n", maxsplit=1)[0]
    index = nearest_line(first, text)
    if index is None:
        return Difference(f"{quoted(wanted)} is not there", wanted, clip(text))
    line = text.split("\n")[index]
    same = _longest_start(first, line)
    at = line.find(first[:same]) + same
    expected_word, word = word_at(first, same), word_at(line, at)
    reason = f"{quoted(wanted)} is not there"
    if expected_word and word and expected_word != word:
        reason = f'expected "{expected_word}", found "{word}"'
    return Difference(reason, wanted, line, index + 1, at + 1)


def _longest_start(wanted: str, line: str) -> int:
    """How many characters from the start of `wanted` the line holds in one piece."""
    low, high = 0, len(wanted)
    while low < high:
        middle = (low + high + 1) // 2
        if wanted[:middle] in line:
            low = middle
        else:
            high = middle - 1
    return low


def _unequal(expected: str, actual: str, index: int) -> Difference:
    at = first_difference(expected, actual)
    expected_word, word = word_at(expected, at), word_at(actual, at)
    if expected_word and word and expected_word != word:
        reason = f'expected "{expected_word}", found "{word}"'
    else:
        reason = f"line {index + 1} differs from column {at + 1} on"
    return Difference(reason, expected, actual, index + 1, at + 1)
