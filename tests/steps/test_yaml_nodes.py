"""The form of a YAML file: scalars stay as written, every fault has a place, nothing crashes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutorial.steps.faults import Fault
from tutorial.steps.yaml_nodes import MAX_BYTES, Mapping, Scalar, read_mapping


def read(path: Path, content: str | bytes) -> tuple[Mapping | None, list[Fault]]:
    file = path / "file.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    faults: list[Fault] = []
    return read_mapping(file, faults), faults


def fault_lines(path: Path, content: str | bytes) -> list[str]:
    _, faults = read(path, content)
    return [str(fault).removeprefix(f"{path / 'file.yaml'}:") for fault in faults]


@pytest.mark.parametrize(
    "text", ["1.20", "on", "0755", "null", "~", "2026-01-01", "1e3", "yes", "0x10", ".inf"]
)
def test_scalars_stay_as_written(tmp_path: Path, text: str) -> None:
    mapping, faults = read(tmp_path, f"key: {text}\n")
    assert faults == []
    assert mapping is not None
    value = mapping.entries["key"]
    assert isinstance(value, Scalar)
    assert value.text == text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", '3:1: the key "a" is here twice (first in line 1); keep one of them'),
        ("a: &x 1\n", "1:4: anchors (&name) are not allowed; write the value without it"),
        ("a: 1\nb: *x\n", "2:4: aliases (*name) are not allowed; write the value out, or put it in quotes"),
        ("a: !!int 1\n", "1:4: tags (!name) are not allowed; write the value without it"),
        ("a: !x [1]\n", "1:4: tags (!name) are not allowed; write the value without it"),
        ("<<: {a: 1}\n", "1:1: merge keys (<<) are not allowed; write the entries out"),
        ("? [a]\n: 1\n", "1:3: a key must be a word; write `key: value`"),
        ("- a\n", "1:1: is not a mapping; write `key: value` lines, beginning with title:"),
        ("", "1:1: is not a mapping; write `key: value` lines, beginning with title:"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document begins here; write one step a file"),
        ("a: 1\nb: x\0y\n", "2:5: holds the character U+0000, which YAML does not allow; remove it"),
        ("a: \x1b[31m\n", "1:4: holds the character U+001B, which YAML does not allow; remove it"),
        ('a: "\\e[2J"\n', "1:4: holds the character U+001B; remove it"),
        ('"\\e[2J": a\n', "1:1: holds the character U+001B; remove it"),
        ("a: ls \u202e# x\n", "1:7: holds the character U+202E; remove it"),
        (b"a: 1\nb: \xff\n", "2:4: is not UTF-8 text; save the file as UTF-8"),
    ],
)
def test_faults_of_form(tmp_path: Path, content: str | bytes, expected: str) -> None:
    assert fault_lines(tmp_path, content) == [expected]


@pytest.mark.parametrize(
    ("content", "place", "advice"),
    [
        ("a: b: c\n", "1:5", 'put a text that holds ": " in quotes'),
        ("a:\n\t- b\n", "2:1", "use spaces, no tabs"),
        ('a: "b\n', "2:1", "close the quote"),
        ("a: [b\nc: d\n", "2:2", ""),
    ],
)
def test_syntax_faults_say_where_and_what_to_write(
    tmp_path: Path, content: str, place: str, advice: str
) -> None:
    [line] = fault_lines(tmp_path, content)
    assert line.startswith(f"{place}: YAML syntax: ")
    assert advice in line


@pytest.mark.parametrize("opened", ["[", "{a: ", "- "])
def test_deep_nesting_is_a_fault_not_a_crash(tmp_path: Path, opened: str) -> None:
    [line] = fault_lines(tmp_path, "a:\n " + opened * 20_000)
    assert "is nested more than 12 levels deep" in line


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    [line] = fault_lines(tmp_path, b"a: " + b"x" * MAX_BYTES)
    assert "is larger than 256 KiB" in line


def test_a_folder_in_a_files_place_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file.yaml").mkdir()
    faults: list[Fault] = []
    assert read_mapping(tmp_path / "file.yaml", faults) is None
    assert [fault.what for fault in faults] == ["is not a file"]


@pytest.mark.parametrize(
    ("content", "offset", "place"),
    [
        ("a: one two\n", 4, (1, 8)),
        ('a: "one two"\n', 4, (1, 9)),
        ("a: |\n  one\n  two\n", 5, (3, 4)),
        ("a: |\n\n    one\n", 1, (3, 5)),
        ('a: "o\\u0041e"\n', 2, (1, 4)),
        ("a: >\n  one\n  two\n", 5, (1, 4)),
    ],
)
def test_place_of_a_character(tmp_path: Path, content: str, offset: int, place: tuple[int, int]) -> None:
    mapping, _ = read(tmp_path, content)
    assert mapping is not None
    scalar = mapping.entries["a"]
    assert isinstance(scalar, Scalar)
    location = scalar.place_at(offset)
    assert (location.line, location.column) == place


yaml_like = st.lists(
    st.one_of(
        st.sampled_from(
            [*"ab:|>'\"[]{}%#,\t\n", ": ", "- ", "  ", "&a", "*a", "!t ", "<<", "? ", "---\n", "..."]
        ),
        st.text(max_size=4),
    ),
    max_size=30,
).map("".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(yaml_like)
def test_any_text_gives_a_mapping_or_a_fault(tmp_path: Path, text: str) -> None:
    mapping, faults = read(tmp_path, text.encode("utf-8", "surrogatepass"))
    assert mapping is not None or faults
    assert all(fault.location.line >= 1 and fault.location.column >= 1 for fault in faults)
