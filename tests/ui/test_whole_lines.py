"""However the pieces are cut, the lines are the same, and a line of many pieces is joined once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tutorial.ui.whole_lines import WholeLines

PIECES = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.text("a\n", min_size=1, max_size=6)))


@given(PIECES)
def test_lines_are_those_of_the_whole_text(pieces: list[tuple[str, str]]) -> None:
    whole = WholeLines()
    lines: dict[str, list[str]] = {"stdout": [], "stderr": []}
    for stream, text in pieces:
        lines[stream] += whole.take(stream, text)
    for stream, line in whole.end():
        lines[stream].append(line)
    for stream, found in lines.items():
        *complete, last = "".join(text for name, text in pieces if name == stream).split("\n")
        assert found == complete + ([last] if last else [])
    assert whole.end() == []


class Counted(str):
    """Text that counts how much of it was looked at for a line's end."""

    looked_at = 0

    def rpartition(self, separator: str) -> tuple[str, str, str]:
        Counted.looked_at += len(self)
        return super().rpartition(separator)


def test_an_endless_line_costs_one_pass() -> None:
    whole = WholeLines()
    Counted.looked_at = 0
    for _ in range(1000):
        assert whole.take("stdout", Counted("x" * 100)) == []
    assert Counted.looked_at == 100_000
    assert whole.end() == [("stdout", "x" * 100_000)]
