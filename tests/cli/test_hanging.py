"""Prose beside a lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial.cli.hanging import hanging


def test_further_lines_stand_under_the_first() -> None:
    assert hanging("Why: ", "It is not here, nor is it there.", 29) == (
        "Why: It is not here, nor is\n     it there."
    )


def test_where_no_terminal_limits_it_it_is_one_line() -> None:
    assert hanging("Why: ", "long " * 50, None).count("\n") == 0


@pytest.mark.parametrize("columns", [1, 20, 80])
@given(st.lists(st.text("abc-/:", min_size=1, max_size=30), min_size=1, max_size=30))
def test_no_word_is_cut_and_none_is_lost(columns: int, words: list[str]) -> None:
    shown = hanging("   7  ", " ".join(words), columns)
    assert shown.split()[1:] == words
    assert all(len(line) <= max(columns, 30) or len(line.split()) <= 2 for line in shown.splitlines())
