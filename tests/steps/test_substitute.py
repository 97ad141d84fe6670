"""`${NAME}` in texts and patterns."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tutorial.steps.substitute import fill, references


def test_known_names_are_filled_and_others_stay() -> None:
    assert fill("${A}-${B}-$A-${A:-x}", {"A": "one"}) == "one-${B}-$A-${A:-x}"


def test_a_value_is_not_filled_in_again() -> None:
    assert fill("${A}", {"A": "${B}", "B": "two"}) == "${B}"


@given(st.text())
def test_a_value_in_a_pattern_matches_only_itself(value: str) -> None:
    pattern = fill("^${A}$", {"A": value}, escape=re.escape)
    assert re.fullmatch(pattern, value)


def test_references_in_order() -> None:
    assert references("a ${B} $C ${D}") == [(2, "B"), (10, "D")]
