"""Reading what bash declares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial.shell.declarations import exported, parse_declarations


@pytest.mark.parametrize(
    ("text", "flags", "value"),
    [
        (b'declare -- a="b c"\n', "-", "b c"),
        (b'declare -x a="\\$b \\"c\\" \\\\ \\`d\\` !"\n', "x", '$b "c" \\ `d` !'),
        (b"declare -- a=$'x\\ny\\t\\E\\001\\303\\251\\'\"'\n", "-", "x\ny\t\x1b\x01é'\""),
        (b"declare -- a=$'\\u263a\\x41'\n", "-", "☺A"),
        (b'declare -ix a="5"\n', "ix", "5"),
        (b'declare -- a=""\n', "-", ""),
        (b"declare -x a\n", "x", None),
        (b'declare -a a=([0]="b" [1]="c)\\"")\n', "a", None),
        (b'declare -A a=(["x y"]="b" [$\'\\n\']="c" )\n', "A", None),
        (b"declare -a a='([0]=\"b\")'\n", "a", None),
        (b'declare -n a="b"\n', "n", None),
        (b'declare -- a="two\nlines"\n', "-", "two\nlines"),
    ],
)
def test_each_form_is_read(text: bytes, flags: str, value: str | None) -> None:
    (declaration,) = parse_declarations(text)
    assert (declaration.name, declaration.flags, declaration.text) == ("a", flags, text)
    assert declaration.scalar() == value


def test_declarations_follow_one_another() -> None:
    text = b'declare -- a="1\ndeclare -- no=\\"2\\""\ndeclare -r b="2"\n'
    first, second = parse_declarations(text)
    assert (first.name, second.name, second.is_readonly) == ("a", "b", True)


@pytest.mark.parametrize("text", [b"no", b'declare -- a="b\n', b"declare -- a=(\n", b'declare -- 1a="b"\n'])
def test_anything_else_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="not a declaration"):
        list(parse_declarations(text))


@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])))
def test_what_is_written_is_read(value: str) -> None:
    (declaration,) = parse_declarations(exported("NAME", value).text)
    assert declaration.scalar() == value
    assert declaration.flags == "x"


def test_bytes_that_are_no_text_are_kept() -> None:
    (declaration,) = parse_declarations(b"declare -- a=$'\\377'\n")
    assert declaration.scalar() == "\udcff"
    assert exported("a", "\udcff").quoted == b'"\xff"'
