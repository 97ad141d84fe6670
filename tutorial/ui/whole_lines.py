"""Puts a command's output together into whole lines. Used by the views.

A line may be endless and come in thousands of pieces, so they are joined once.
"""

from __future__ import annotations


class WholeLines:
    """Holds back the unfinished last line of each stream until it is finished."""

    def __init__(self) -> None:
        self._unfinished: dict[str, list[str]] = {}

    def take(self, stream: str, text: str) -> list[str]:
        """The lines that `text` completes, without their ends."""
        before, end, after = text.rpartition("\n")
        pieces = self._unfinished.setdefault(stream, [])
        if not end:
            pieces.append(text)
            return []
        self._unfinished[stream] = [after] if after else []
        return "".join((*pieces, before)).split("\n")

    def end(self) -> list[tuple[str, str]]:
        """The unfinished lines, by stream; they are forgotten."""
        lines = [(stream, "".join(pieces)) for stream, pieces in self._unfinished.items() if pieces]
        self._unfinished = {}
        return lines
