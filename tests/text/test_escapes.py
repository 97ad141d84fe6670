"""Whatever a command writes, the filter's output cannot move the cursor or hide text."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from text.escapes_by_character import FilterByCharacter

from tutorial.text.escapes import MAX_SEQUENCE, MAX_STRING, EscapeFilter

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
COLOUR = re.compile(r"\x1b\[[0-9;]+m")

hostile = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "\x1b",
                "[",
                "]",
                "m",
                "8",
                ";",
                "0",
                "31",
                "41",
                "\x07",
                "\x1b\\",
                "\r",
                "\n",
                "\b",
                "P",
                "?25l",
                "\x9b",
            ]
        ),
        st.characters(),
        st.text(alphabet="\u202e\u200b\ufeff\U000e0041\x00\x7f\ud800", max_size=3),
    ),
    max_size=40,
).map("".join)


floods = st.lists(
    st.tuples(
        st.sampled_from(
            ["\0", "\x1b", "\r", "\r\n", "\x1b]", "\x1b[", "\x1b(", "1", ";1", " ", "x", "m", "\x9b"]
        ),
        st.sampled_from([1, 2, 3, MAX_SEQUENCE - 1, MAX_SEQUENCE, MAX_SEQUENCE + 1, MAX_STRING]),
    ),
    max_size=6,
).map(lambda parts: "".join(word * times for word, times in parts))
"""Long runs of one thing, about the limits."""


def clean(text: str, *, colours: bool = True) -> str:
    escapes = EscapeFilter(colours=colours)
    return escapes.feed(text) + escapes.flush()


def fed(text: str, cuts: list[int], *, colours: bool = True) -> str:
    """What is shown of the text when it comes in pieces."""
    escapes = EscapeFilter(colours=colours)
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return "".join(escapes.feed(text[start:end]) for start, end in pairwise(bounds)) + escapes.flush()


@given(hostile, st.lists(st.integers(0, 120)))
def test_chunks_give_the_same_as_the_whole(text: str, cuts: list[int]) -> None:
    assert fed(text, cuts) == clean(text)


@given(st.one_of(hostile, floods), st.booleans(), st.lists(st.integers(0, 9000)))
@example("\r\x1b[m\nx", True, [1])
@example("\x1b[" + "1" * (MAX_SEQUENCE + 2) + "m", True, [MAX_SEQUENCE])
@example("\x1b]" + "x" * (MAX_STRING + 2), True, [3, MAX_STRING])
def test_it_is_what_one_character_after_the_other_gives(text: str, colours: bool, cuts: list[int]) -> None:
    assert fed(text, cuts, colours=colours) == FilterByCharacter(colours=colours).clean(text)


@given(hostile)
def test_output_holds_nothing_forbidden(text: str) -> None:
    shown = clean(text)
    assert not FORBIDDEN.search(shown)
    assert "\x1b" not in COLOUR.sub("", shown)
    shown.encode()


@given(hostile)
def test_output_without_colours_has_no_escape(text: str) -> None:
    assert "\x1b" not in clean(text, colours=False)


@given(hostile)
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]), max_size=50))
def test_ordinary_text_stays(text: str) -> None:
    visible = re.sub("[\u3164\uffa0\u115f\u1160]", "", text)
    assert clean(visible) == visible


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("one\r\ntwo", "one\ntwo"),
        ("10%\r20%\r", "10%\n20%\n"),
        ("secret\b\b\b\b\b\bpublic", "secret^H^H^H^H^H^Hpublic"),
        ("bell\x07 nul\x00 del\x7f", "bell^G nul^@ del^?"),
        ("\x1b[2J\x1b[H\x1b[1Aup", "up"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]52;c;Y2xpcA==\x1b\\text", "text"),
        ("\x1bPq#0\x1b\\text", "text"),
        ("\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\text", "text"),
        ("\x1b]8;;https://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(B\x1bc\x1b7text", "text"),
        ("\x9b2Jtext\x9d0;t\x07", "\\x9b2Jtext\\x9d0;t^G"),
        ("a\u202eb\u2066c\u200bd\U000e0041", "a\\u202eb\\u2066c\\u200bd\\U000e0041"),
        ("\x1b[?1049htext\x1b[>4;1mtext", "texttext"),
        ("\x1b[3\nnext", "\nnext"),
        ("unfinished \x1b[31", "unfinished "),
        ("smile \u263a\ufe0f stays", "smile \u263a\ufe0f stays"),
    ],
)
def test_what_is_shown(written: str, shown: str) -> None:
    assert clean(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"),
        ("\x1b[mplain", "\x1b[0mplain"),
        ("\x1b[8mhidden\x1b[28m", "hidden\x1b[28m\x1b[0m"),
        ("\x1b[08;1mhidden", "\x1b[1mhidden\x1b[0m"),
        ("\x1b[30;40mhidden\x1b[0m", "\x1b[30;40;49mhidden\x1b[0m"),
        ("\x1b[31m\x1b[41mhidden\x1b[0m", "\x1b[31m\x1b[41;49mhidden\x1b[0m"),
        ("\x1b[91;48;5;9mhidden\x1b[0m", "\x1b[91;48;5;9;49mhidden\x1b[0m"),
        ("\x1b[38:2::1:2:3mx\x1b[0m", "\x1b[38;2;1;2;3mx\x1b[0m"),
        ("\x1b[38;5;8mgrey\x1b[0m", "\x1b[38;5;8mgrey\x1b[0m"),
        ("\x1b[38;5mx", "x"),
        ("\x1b[38;5;300mx", "x"),
        ("\x1b[999999999999mx", "x"),
    ],
)
def test_colours(written: str, shown: str) -> None:
    assert clean(written) == shown


def test_colours_left_on_are_switched_off_at_the_end() -> None:
    escapes = EscapeFilter()
    assert escapes.feed("\x1b[31mred") == "\x1b[31mred"
    assert escapes.flush() == "\x1b[0m"
    assert escapes.flush() == ""


@pytest.mark.parametrize("opened", ["\x1b]0;", "\x1bP", "\x1b_"])
def test_a_string_that_never_ends_hides_no_line_after_it(opened: str) -> None:
    assert clean(f"{opened}title\nnext line") == "\nnext line"
    assert clean(opened.removesuffix("0;") + "x" * (MAX_STRING + 10)) == "x" * 10


def test_a_sequence_that_never_ends_takes_bounded_memory_and_hides_no_text() -> None:
    assert clean("\x1b[" + "1" * (MAX_SEQUENCE + 5)) == "1" * 5
