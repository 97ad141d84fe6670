"""Decoding and bounding of output."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tutorial.shell.capture import BoundedText, Capture


@given(st.lists(st.text(max_size=12)), st.integers(0, 10), st.integers(0, 10))
def test_the_middle_is_left_out_and_counted(chunks: list[str], head: int, tail: int) -> None:
    bounded = BoundedText(head, tail)
    for chunk in chunks:
        bounded.append(chunk)
    whole = "".join(chunks)
    left_out = len(whole) - head - tail
    if left_out <= 0:
        assert bounded.text() == whole
    else:
        end = whole[len(whole) - tail :]
        assert bounded.text() == f"{whole[:head]}\n[{left_out} characters left out]\n{end}"


@given(st.text(), st.integers(1, 5))
def test_characters_survive_any_cut(text: str, size: int) -> None:
    data = text.encode("utf-8", "replace")
    capture = Capture()
    pieces = [capture.feed("stdout", data[at : at + size]) for at in range(0, len(data), size)]
    pieces.append(capture.feed("stdout", b""))
    assert "".join(pieces) == data.decode() == capture.stdout.text() == capture.output.text()
    assert capture.stderr.text() == ""
