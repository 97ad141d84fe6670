"""Values taken out of output for later steps."""

from __future__ import annotations

import pytest

from tutorial.expect.capture import captured

JSON = 'note\n{"headers": {"Host": "a", "Count": 3}, "items": ["x"]}\n'


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{.headers.Host}", "a"),
        ("{.headers.Count}", "3"),
        ("{.items.0}", "x"),
        ("{.items}", "x"),
        ("{.items.1}", None),
        (r'"Count": (\d+)', "3"),
        (r"n\w+", "note"),
        ("^${WORD}$", None),
        ("^${WORD}", "note"),
        ("(a+)+$", None),
    ],
)
def test_captured(source: str, value: str | None) -> None:
    assert captured(source, JSON, {"WORD": "note"}) == value


def test_no_json() -> None:
    assert captured("{.a}", "no JSON", {}) is None
