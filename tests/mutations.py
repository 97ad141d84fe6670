"""Breaks texts at random: bytes, lines, values. Used by the tests of every room that reads files.

EGRESS_TUTORIAL_TEST_INPUTS says how many inputs such a test tries (each has a number of its own for CI),
EGRESS_TUTORIAL_TEST_SEED repeats the random choices of a run; the seed is printed.
"""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import Iterator, Sequence

NOT_TEXT = (b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xc3", b"\x80\x80", b"\xf8\x88\x80\x80\x80")
"""No UTF-8: stray and cut bytes, and half of a surrogate pair."""

CHARACTERS = (
    *("\t", "\r", "\x07", "\x1b[2J", "\x1b]0;t\x07", "\x7f", "\x85", "\x9b2J", "\xa0", "\u2028", "\ufeff"),
    *(
        "\u202e",
        "\u2066",
        "\u200b",
        "\U000e0041",
        "\U0001f600",
        "\u0130",
        "\ufdfa" * 50,
        "e" + "\u0301" * 200,
    ),
    *("'", '"', ":", ": ", "- ", "? ", "#", " #", "|", ">", "&a ", "*a", "!t ", "!!python/name:os.system "),
    *("<<: ", "---\n", "...\n", "%YAML 1.1\n", "{", "}", "[", "]", ",", "\\", "`", "$(", "${", "}", "\n\n"),
)

VALUES = (
    *("", "~", "null", "true", "on", "0", "-1", "1.5", "1e309", "NaN", ".inf", "0x1F", "9" * 400, "1_000"),
    *("[]", "{}", "[[]]", "[1, [2, {a: b}]]", "{a: {b: {c: d}}}", "{text: a}", "[{text: a}, {when: b}]"),
    *("[" * 30 + "]" * 30, "{a: " * 300 + "}" * 300, "[" * 500, "'" * 99, '"\\x1b[2J"', '"\\ud800"', '"\\0"'),
    *("|\n  a\n  b", "|9", ">-\n", "!!binary aGk=", "&x [*x]", "*nowhere", "2026-01-01", "x" * 70_000),
    *(
        "(a+)+$",
        "^(a|aa)+$",
        "(?P<a>x)(?P<a>y)",
        "(",
        "[",
        "*",
        "a{99999999}",
        "(?:" * 300,
        "\\",
        "(?i",
        "\\1",
    ),
    *("'>= new'", "'>=1.21,<'", "'<'", "'>=9999999999999999999999'", "{istio: '>= x'}", "{NOWHERE: a}"),
    *("{istio: [1]}", "${NOWHERE}", "${", "${}", "${a b}", "$(touch x)", "kubectl apply -f -", "cat <<EOF\n"),
    *(
        "service/a@b@c",
        "svc/x",
        "/",
        "a/b/c",
        "service/${",
        "../..",
        "/etc/passwd",
        ".",
        "{.a.b}",
        "{.",
        "{.}",
    ),
)
"""Values of other types and forms than are wanted, for one line of YAML or JSON."""

_VALUE = re.compile(rb"(?m)^(\s*(?:- )?[\w.\"-]+:)[ ]+(.*)$")
_WORD = re.compile(rb"[A-Za-z_]{3,}")


def how_many(in_ci: int) -> int:
    """How many inputs a test tries: `in_ci`, unless the environment says otherwise."""
    return int(os.environ.get("EGRESS_TUTORIAL_TEST_INPUTS", in_ci))


class Mutations:
    """Mutated forms of the texts `originals`. Printing it gives what repeats it."""

    def __init__(self, originals: Sequence[bytes], *, values: Sequence[str] = VALUES) -> None:
        self.seed = int(os.environ.get("EGRESS_TUTORIAL_TEST_SEED") or random.randrange(1_000_000))
        self.random = random.Random(self.seed)
        self._originals = originals
        self._values = values
        self._ways = (
            self._flip_a_bit, self._put_a_character, self._put_a_character, self._put_no_text, self._cut_out,
            self._truncate, self._drop_a_line, self._repeat_a_line, self._swap_lines, self._indent_a_line,
            self._replace_a_value, self._replace_a_value, self._replace_a_value, self._replace_a_word,
            self._lengthen_a_word,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"EGRESS_TUTORIAL_TEST_SEED={self.seed}"

    def some(self, count: int) -> Iterator[tuple[int, bytes]]:
        """`count` mutated texts, each with the index of its original; most have one to three faults."""
        sys.stdout.write(f"{self!r}\n")
        for _ in range(count):
            index = self.random.randrange(len(self._originals))
            yield index, self.of(self._originals[index])

    def of(self, text: bytes) -> bytes:
        """One mutated form of `text`."""
        for _ in range(self.random.choice((1, 1, 1, 2, 2, 3, 10))):
            text = self.random.choice(self._ways)(text)
        return text

    def value(self) -> str:
        """A text that is hostile by itself."""
        return self.random.choice((*self._values, *CHARACTERS))

    def _at(self, text: bytes) -> int:
        return self.random.randrange(len(text) + 1)

    def _flip_a_bit(self, text: bytes) -> bytes:
        if not text:
            return text
        at = self.random.randrange(len(text))
        return text[:at] + bytes([text[at] ^ (1 << self.random.randrange(8))]) + text[at + 1 :]

    def _put_a_character(self, text: bytes) -> bytes:
        at = self._at(text)
        return text[:at] + self.random.choice(CHARACTERS).encode() + text[at:]

    def _put_no_text(self, text: bytes) -> bytes:
        at = self._at(text)
        return text[:at] + self.random.choice(NOT_TEXT) + text[at:]

    def _cut_out(self, text: bytes) -> bytes:
        at = self._at(text)
        return text[:at] + text[at + self.random.randint(1, 20) :]

    def _truncate(self, text: bytes) -> bytes:
        return text[: self._at(text)]

    def _drop_a_line(self, text: bytes) -> bytes:
        lines = text.split(b"\n")
        del lines[self.random.randrange(len(lines))]
        return b"\n".join(lines)

    def _repeat_a_line(self, text: bytes) -> bytes:
        lines = text.split(b"\n")
        lines.insert(self.random.randrange(len(lines) + 1), self.random.choice(lines))
        return b"\n".join(lines)

    def _swap_lines(self, text: bytes) -> bytes:
        lines = text.split(b"\n")
        one, other = self.random.randrange(len(lines)), self.random.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
        return b"\n".join(lines)

    def _indent_a_line(self, text: bytes) -> bytes:
        lines = text.split(b"\n")
        at = self.random.randrange(len(lines))
        lines[at] = self.random.choice((b" ", b"  ", b"\t", b"- ", b"    ")) + lines[at]
        return b"\n".join(lines)

    def _replace_a_value(self, text: bytes) -> bytes:
        found = list(_VALUE.finditer(text))
        if not found:
            return self._put_a_character(text)
        start, end = self.random.choice(found).span(2)
        return text[:start] + self.random.choice(self._values).encode() + text[end:]

    def _replace_a_word(self, text: bytes) -> bytes:
        found = list(_WORD.finditer(text))
        if not found:
            return self._put_a_character(text)
        start, end = self.random.choice(found).span()
        return text[:start] + self.random.choice(found).group() + text[end:]

    def _lengthen_a_word(self, text: bytes) -> bytes:
        found = list(_WORD.finditer(text))
        if not found:
            return self._put_a_character(text)
        end = self.random.choice(found).end()
        return text[:end] + b"x" * self.random.choice((100, 2_000, 300_000)) + text[end:]
