"""`json`: values inside JSON output, by path. Used by `tutorial.expect.streams` and captures."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from tutorial.expect.difference import Difference, clip, quoted
from tutorial.expect.search import SearchTimeoutError, search
from tutorial.steps.model import JsonCheck

MAX_ATTEMPTS = 100
"""Places in a text at which JSON is tried to be read."""

_START = re.compile(r"[{\[]")


class NoJsonError(Exception):
    """The text holds no JSON."""


class MissingError(Exception):
    """The path leads nowhere; the message says where it ends and what is there."""


def find_json(text: str) -> object:
    """The first JSON object or list in `text`, or the value that is all of it.

    Raises:
        NoJsonError: there is none.
    """
    decoder = json.JSONDecoder()
    try:
        return decoder.decode(text)
    except (ValueError, RecursionError):
        pass
    for attempt, start in enumerate(_START.finditer(text)):
        if attempt >= MAX_ATTEMPTS:
            break
        try:
            return decoder.raw_decode(text, start.start())[0]
        except (ValueError, RecursionError):
            continue
    raise NoJsonError


def value_at(document: object, path: str) -> object:
    """The value at a dotted path (`headers.Host`, `items.0.kind`). Keys may hold dots themselves.

    Raises:
        MissingError: there is no such value.
    """
    value, walked, names = document, "", path.removeprefix(".").split(".")
    while names:
        children = _children(value)
        taken = next((n for n in range(len(names), 0, -1) if ".".join(names[:n]) in children), 0)
        if not taken:
            there = ", ".join(children) or "no values below it"
            raise MissingError(f"{path} is not in the JSON: {walked or 'it'} has {clip(there, 160)}")
        walked = ".".join(names[:taken])
        value, names = children[walked], names[taken:]
    return value


def as_text(value: object) -> str:
    """A JSON value as text: a string as it is, anything else as JSON.

    A list of one string counts as that string: a header's value is a string for the Python httpbin
    and a list of strings for go-httpbin.
    """
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def json_differences(
    checks: Sequence[JsonCheck], text: str, fill_pattern: Callable[[str], str]
) -> Iterator[Difference]:
    """What of `checks` does not hold for the JSON in `text`; `fill_pattern` fills `${NAME}` in."""
    if not checks:
        return
    try:
        document = find_json(text)
    except NoJsonError:
        reason = f"it holds no JSON: it begins with {quoted(text)}" if text.strip() else "there is no output"
        yield Difference(
            reason, ", ".join(check.path for check in checks), text.strip(), 1 if text.strip() else 0
        )
        return
    for check in checks:
        difference = _difference(check, document, text, fill_pattern)
        if difference:
            yield difference


def _difference(
    check: JsonCheck, document: object, text: str, fill_pattern: Callable[[str], str]
) -> Difference | None:
    wanted = f"{check.path}: {check.pattern or 'any value'}"
    try:
        value = as_text(value_at(document, check.path))
    except MissingError as error:
        return Difference(str(error), wanted)
    if check.pattern is None:
        return None
    pattern = fill_pattern(check.pattern)
    wanted = f"{check.path}: {pattern}"
    try:
        if search(pattern, value):
            return None
    except SearchTimeoutError as error:
        return Difference(str(error), wanted, value)
    line, column = _place_of(value, text)
    return Difference(
        f"{check.path} is {quoted(value)}, which does not match {pattern}", wanted, value, line, column
    )


def _children(value: object) -> Mapping[str, object]:
    """The values directly below `value`, by name; a list's by number."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    return {}


def _place_of(value: str, text: str) -> tuple[int, int]:
    """Line and column of the value, where the text holds it as it is."""
    start = text.find(value) if value else -1
    if start < 0:
        return 0, 0
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
