"""Searches end, whatever the pattern and the text."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial.expect.search import MAX_COST, Found, SearchTimeoutError, search, worst_cost

CATASTROPHIC = [
    (r"(a+)+$", "a" * 60 + "b"),
    (r"(a|aa)*!", "a" * 100),
    (r"(?:(?:x|y?)*)*z", "xy" * 100),
    (r"\s+x", " " * 300_000),
    (r".*.*.*=.*;", "x" * 20_000),
    (r"(a?){40}a{40}", "a" * 39),
    ("a?" * 40 + "a" * 40, "a" * 39),
    ("(a|a)" * 40 + "!", "a" * 40),
    (r"(\w+)\s\1\1x", "ab " * 30_000),
]


@pytest.mark.parametrize(("pattern", "text"), CATASTROPHIC)
def test_a_catastrophic_search_ends_in_time(pattern: str, text: str) -> None:
    assert worst_cost(pattern, text) > MAX_COST
    started = time.monotonic()
    try:
        assert search(pattern, text, 0.3) is None
    except SearchTimeoutError as error:
        assert "still searching after 0.3 s" in str(error)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (
            r"(?m)^sleep-\S+\s+2/2\s+Running",
            "NAME   READY\nsleep-66c8d79ff5-8tqrl   2/2     Running   0          32s\n",
        ),
        (r"^sleep-[a-z0-9]+-[a-z0-9]{5}$", "sleep-66c8d79ff5-8tqrl"),
        (r"ImagePullBackOff|ErrImagePull", "x" * 100_000),
        (r"curl: \((7|28)\)|timed out|Connection refused|503 Service", "x" * 10_000),
    ],
)
def test_everyday_patterns_need_no_process_of_their_own(pattern: str, text: str) -> None:
    assert worst_cost(pattern, text) <= MAX_COST


@pytest.mark.parametrize("padding", ["", " " * 50_000])
def test_the_answer_is_the_same_in_both_places(padding: str) -> None:
    text = padding + "id: 42, name: \u00fc\n"
    assert search(r"\w+: (\d+)", text) == Found(len(padding), "id: 42", "42")
    assert search(r"\w+: \d+", text) == Found(len(padding), "id: 42", None)
    assert search(r"(?:x(y)?|\w+): \d+", text) == Found(len(padding), "id: 42", None)
    assert search(r"(\w+): z", text) is None


def test_a_bad_pattern_is_an_error() -> None:
    with pytest.raises(re.error):
        search("(", "x")


@given(st.text(alphabet="ab(|)*+?{2,}[]^$\\.", max_size=12))
def test_any_pattern_has_a_cost(pattern: str) -> None:
    assert worst_cost(pattern, "aaab" * 10) > 0
