"""`like`: output of kubectl that is the document's but for ages, addresses and generated names.

Used by `tutorial.expect.streams`. Line by line and word by word: the number of lines and of words
must be the same; a word may differ only where another run must differ. There is no similarity score:
a wrong name or type fails.
"""

from __future__ import annotations

import re

from tutorial.expect.difference import Difference, quoted, tidy

_DURATION = re.compile(r"(?=\d)(?:\d+y)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?\Z")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!\Z)|\Z)){4}\Z")
_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"
_GENERATED = re.compile(rf"(?P<base>.+?)(?P<hash>-{_SAFE}{{5,10}})?-(?P<end>{_SAFE}{{5}})\Z")
"""Kubernetes' generated names: the owner's name, for pods of a Deployment the ReplicaSet's hash, and
five characters, of an alphabet without vowels and without 0, 1 and 3 (apimachinery `util/rand`)."""

_PUNCTUATION = re.compile(r"([\"'(\[]*)(.*?)([\"'),.;:\]]*)\Z", re.DOTALL)
_WORD = re.compile(r"\S+")
_CELL = re.compile(r"\S+(?: \S+)*")
_HEADING = re.compile(r"[A-Z][A-Z0-9()/%-]*\Z")


def like(expected: str, actual: str) -> Difference | None:
    """The first difference of `actual` from `expected` that matters, or None."""
    wanted, found = tidy(expected).split("\n"), tidy(actual).split("\n")
    if found == [""]:
        return Difference("there is no output", tidy(expected))
    for index, (wanted_line, found_line) in enumerate(zip(wanted, found, strict=False)):
        difference = _line_difference(wanted_line, found_line, index, found[0])
        if difference:
            return difference
    if len(wanted) == len(found):
        return None
    counts = f"expected {_lines(len(wanted))}, found {len(found)}"
    if len(found) < len(wanted):
        missing = wanted[len(found)]
        return Difference(f"{counts}: {quoted(missing)} is missing", missing)
    extra = found[len(wanted)]
    return Difference(f"{counts}: {quoted(extra)} is one too many", "", extra, len(wanted) + 1, 1)


def same_word(expected: str, actual: str) -> bool:
    """Whether `actual` may stand where the document has `expected`."""
    if expected in ("...", actual):
        return True
    before, wanted, after = _parts(expected)
    found_before, found, found_after = _parts(actual)
    if (before, after) != (found_before, found_after):
        return False
    for pattern in (_DURATION, _IPV4):
        if pattern.match(wanted) and pattern.match(found):
            return True
    return _same_but_generated(wanted, found)


def _same_but_generated(expected: str, actual: str) -> bool:
    """Whether both are generated names of one owner. The document's must show it by a digit, so that
    an ordinary name such as `my-httpd` is not taken for one."""
    wanted, found = _GENERATED.match(expected), _GENERATED.match(actual)
    if wanted is None or found is None or wanted["base"] != found["base"]:
        return False
    has_digit = any(character.isdigit() for character in (wanted["hash"] or "") + wanted["end"])
    return has_digit and (wanted["hash"] is None) == (found["hash"] is None)


def _line_difference(expected: str, actual: str, index: int, heading: str) -> Difference | None:
    wanted, found = list(_WORD.finditer(expected)), list(_WORD.finditer(actual))
    for wanted_word, found_word in zip(wanted, found, strict=False):
        if not same_word(wanted_word.group(), found_word.group()):
            where = _column_name(heading, found_word.start(), index)
            reason = f'expected "{wanted_word.group()}"{where}, found "{found_word.group()}"'
            return Difference(reason, expected, actual, index + 1, found_word.start() + 1)
    if len(wanted) == len(found):
        return None
    counts = f"expected {len(wanted)} words in line {index + 1}, found {len(found)}"
    if len(found) < len(wanted):
        missing = wanted[len(found)].group()
        return Difference(f'{counts}: "{missing}" is missing', expected, actual, index + 1, len(actual) + 1)
    extra = found[len(wanted)]
    reason = f'{counts}: "{extra.group()}" is one too many'
    return Difference(reason, expected, actual, index + 1, extra.start() + 1)


def _column_name(heading: str, offset: int, index: int) -> str:
    """` in column NAME`, when the output is a table and the word at `offset` stands in one of its rows."""
    if index == 0 or not all(_HEADING.match(word) for word in heading.split()):
        return ""
    names = [cell.group() for cell in _CELL.finditer(heading) if cell.start() <= offset]
    return f" in column {names[-1]}" if names else ""


def _parts(word: str) -> tuple[str, str, str]:
    """The punctuation before a word, the word, and the punctuation after it."""
    found = _PUNCTUATION.match(word)
    return (found[1], found[2], found[3]) if found else ("", word, "")


def _lines(count: int) -> str:
    return f"{count} line" + ("" if count == 1 else "s")
