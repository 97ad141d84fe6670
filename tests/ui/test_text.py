"""The pure parts: Markdown, shortening, differences, commands, keys as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ui.samples import WRONG_HOST

from tutorial.expect.verdict import Mismatch
from tutorial.ui.command_text import command_text
from tutorial.ui.difference import NOTHING, differing, excerpt, fitted
from tutorial.ui.keys import END_OF_FILE, ENTER, PAGE_DOWN, PAGE_UP, decode_keys
from tutorial.ui.markdown import Block, blocks, strip_inline
from tutorial.ui.shorten import ELLIPSIS, KEPT, cuts
from tutorial.ui.wording import duration


def test_lines_of_a_paragraph_are_joined_and_lists_stay_lists() -> None:
    text = "One\ntwo.\n\n- first\n  more\n- second\n\n```\n  as  it\nstands\n```\n1. numbered"
    assert blocks(text) == [
        Block("paragraph", "One two."),
        Block("item", "first more", "- "),
        Block("item", "second", "- "),
        Block("code", "  as  it\nstands"),
        Block("item", "numbered", "1. "),
    ]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("`a * b` and **c**, *d*", "a * b and c, d"),
        ("[label](https://x.example)", "label (https://x.example)"),
        ("2 * 3 * 4, a_b_c, [x], `unclosed", "2 * 3 * 4, a_b_c, [x], `unclosed"),
    ],
)
def test_inline_marks_go_and_all_else_stays(text: str, plain: str) -> None:
    assert strip_inline(text) == plain


@given(st.text())
def test_markdown_never_fails_and_loses_no_word(text: str) -> None:
    plain = text.replace("`", "").replace("*", "").replace("[", "").replace("#", "")
    words = "".join(block.marker + strip_inline(block.text) for block in blocks(plain))
    assert "".join(words.split()) == "".join(plain.replace("- ", "- ").split())


def shorten(line: str, width: int) -> str:
    """`line` as the screen shows it."""
    shown, end = "", 0
    for start, stop in cuts(line, width):
        shown += line[end:start] + ELLIPSIS
        end = stop
    return shown + line[end:]


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))), st.integers(20, 200))
def test_shortening_cuts_only_what_is_too_long(line: str, width: int) -> None:
    short = shorten(line, width)
    if len(line) <= width:
        assert short == line
    before, after = line.split(), short.split()
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        assert one == other or (ELLIPSIS in other and KEPT <= len(other) < len(one))


def test_a_line_with_one_long_token_fits() -> None:
    assert len(shorten('"Metadata": "' + "x" * 1000 + '"', 80)) == 80


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_differing_part_is_between_the_common_beginning_and_end() -> None:
    expected, actual = differing(WRONG_HOST)
    assert WRONG_HOST.expected[slice(*expected)] == "org"
    assert WRONG_HOST.actual[slice(*actual)] == "com"


def test_a_pattern_is_not_compared_with_the_output() -> None:
    assert differing(Mismatch("stdout", "matches", r"a+b", "aac", "no match")) == (NOTHING, NOTHING)


@given(st.text("ab\n", max_size=12), st.text("ab\n", max_size=12))
def test_differing_ranges_are_inside_and_what_surrounds_them_is_equal(expected: str, actual: str) -> None:
    (start, end), (other_start, other_end) = differing(Mismatch("stdout", "equals", expected, actual, ""))
    assert 0 <= start <= end <= len(expected)
    assert 0 <= other_start <= other_end <= len(actual)
    if expected and actual:
        assert expected[:start] == actual[:other_start]
        assert expected[end:] == actual[other_end:]


@given(st.text("ab\n", max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_an_excerpt_holds_the_beginning_of_what_is_marked(text: str, start: int, length: int) -> None:
    text = text.rstrip("\n") + "x"
    start = min(start, len(text) - 1)
    shown = excerpt(text, (start, min(len(text), start + length)), lines=3)
    assert shown.text.count("\n") <= 2
    assert shown.text in text
    if length:
        begin, end = shown.marked
        assert text[start:].startswith(shown.text[begin:end].rstrip("\n") or text[start : start + 1])


HEREDOC = "kubectl apply -f - <<EOF\nkind: Service\nspec:\n  ports:\n  - port: 80\nEOF"


@pytest.mark.parametrize(
    "command", ["echo hi", HEREDOC, f"{HEREDOC}\necho done", "cat <<EOF\nno end", "  x \n\n y"]
)
def test_a_command_keeps_its_text_and_gets_colours(command: str) -> None:
    shown = command_text(command)
    assert shown.plain == f"$ {command}"


def test_a_heredoc_is_coloured_as_yaml() -> None:
    shown = command_text(HEREDOC)
    start = shown.plain.index("kind")
    assert any(span.start <= start < span.end for span in shown.spans)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t")))
def test_any_command_keeps_its_text(command: str) -> None:
    assert command_text(command).plain == "$ " + command.rstrip("\n")


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"\r", [ENTER]),
        (b"\x1b[5~", [PAGE_UP]),
        (b"\x1b[6~", [PAGE_DOWN]),
        (b"\x1b[1;5A", ["other"]),
        (b"\x1bOP", ["other"]),
        (b"\x1b[200~", ["other"]),
        (b"\x1b", ["escape"]),
        ("ä".encode(), ["ä"]),
        (b"\xff", ["other"]),
        (b"\x04", [END_OF_FILE]),
        (b"ab", ["a", "b"]),
    ],
)
def test_keys_are_decoded(data: bytes, keys: list[str]) -> None:
    assert decode_keys(data) == keys


@given(st.binary(max_size=40))
def test_any_bytes_are_decoded(data: bytes) -> None:
    assert len(decode_keys(data)) <= len(data)
    assert bool(decode_keys(data)) == bool(data)


@pytest.mark.parametrize("width", [12, 30, 78])
@given(text=st.text("ab \n", max_size=200), start=st.integers(0, 200), length=st.integers(1, 100))
def test_a_mark_stands_under_what_it_marks_in_any_width(
    text: str, start: int, length: int, width: int
) -> None:
    begin = min(start, len(text))
    shown = excerpt(text, (begin, min(begin + length, len(text))))
    cut = fitted(shown, width)
    marked_line = cut.text.split("\n")[cut.line]
    if shown.underline:
        assert len(marked_line) <= width or marked_line == shown.text.split("\n")[shown.line]
        assert cut.text[cut.marked[0] :].startswith(shown.text[shown.marked[0] :][:1].strip("\n"))
        column = len(cut.underline) - len(cut.underline.lstrip())
        assert marked_line[column : column + 1] == cut.text[cut.marked[0] :][:1].strip("\n")
    else:
        assert cut == shown
