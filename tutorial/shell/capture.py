"""Collects a command's output: decodes it as it comes and keeps a bounded amount of it.

Called by `tutorial.shell.process`; `tutorial.record.junit` bounds its report with it, too. Pure.
"""

from __future__ import annotations

import codecs
from collections import deque

HEAD_CHARACTERS = 2_000_000
TAIL_CHARACTERS = 2_000_000


class BoundedText:
    """Text whose middle is left out, with a line that says so, once it grows beyond its bounds."""

    def __init__(self, head: int = HEAD_CHARACTERS, tail: int = TAIL_CHARACTERS) -> None:
        self._head_left = head
        self._tail_bound = tail
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._tail_length = 0
        self._left_out = 0

    def append(self, text: str) -> None:
        head, tail = text[: self._head_left], text[self._head_left :]
        if head:
            self._head.append(head)
            self._head_left -= len(head)
        if tail:
            self._tail.append(tail)
            self._tail_length += len(tail)
        while self._tail_length > self._tail_bound:
            self._shorten_tail(self._tail_length - self._tail_bound)

    def text(self) -> str:
        """What was kept."""
        marker = f"\n[{self._left_out} characters left out]\n" if self._left_out else ""
        return "".join((*self._head, marker, *self._tail))

    def _shorten_tail(self, excess: int) -> None:
        first = self._tail.popleft()
        dropped = min(excess, len(first))
        if dropped < len(first):
            self._tail.appendleft(first[dropped:])
        self._tail_length -= dropped
        self._left_out += dropped


class Capture:
    """A command's two streams, and both in order of arrival."""

    def __init__(self) -> None:
        self.stdout = BoundedText()
        self.stderr = BoundedText()
        self.output = BoundedText()
        self._decoders = {
            name: codecs.getincrementaldecoder("utf-8")(errors="replace") for name in ("stdout", "stderr")
        }

    def feed(self, stream: str, data: bytes) -> str:
        """Keep `data` of `stream`; empty data ends the stream. Returns it decoded, which may be
        empty while a character is not complete."""
        text = self._decoders[stream].decode(data, final=not data)
        if text:
            (self.stdout if stream == "stdout" else self.stderr).append(text)
            self.output.append(text)
        return text
