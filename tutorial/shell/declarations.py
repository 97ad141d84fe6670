"""Reads what bash's `declare -p` and `alias -p` write, and writes it. Pure; called by `tutorial.shell.state`.

A declaration's text is kept as bash wrote it, so that arrays and odd bytes come back unchanged;
only the value of a scalar is ever taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ENCODING = ("utf-8", "surrogateescape")
_DOUBLE = rb'"(?:[^"\\]|\\.)*+"'
_ANSI = rb"\$'(?:[^'\\]|\\.)*+'"
_ARRAY = rb"\((?:[^()\"'\\$]|" + _DOUBLE + rb"|" + _ANSI + rb"|\\.|\$)*+\)"
_QUOTED_ARRAY = rb"'(?:[^']|'\\'')*+'"
_DECLARATION = re.compile(
    rb"declare -(?P<flags>[A-Za-z-]+) (?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    rb"(?:=(?P<value>" + rb"|".join((_DOUBLE, _ANSI, _ARRAY, _QUOTED_ARRAY)) + rb"))?\n",
    re.DOTALL,
)
_ALIAS = re.compile(
    rb"alias (?:-- )?(?P<name>[^ \t\n|&;()<>'\"`\\$/=]+)=(?P<value>\\'|'[^']*+'(?:\\''[^']*+')*+)\n"
)
_DOUBLE_ESCAPE = re.compile(rb'\\(["$`\\])')
_ANSI_ESCAPE = re.compile(
    rb"\\(?:(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9A-Fa-f]{1,2})|u(?P<u4>[0-9A-Fa-f]{1,4})"
    rb"|U(?P<u8>[0-9A-Fa-f]{1,8})|(?P<letter>.))",
    re.DOTALL,
)
_LETTERS = {b"a": b"\a", b"b": b"\b", b"e": b"\x1b", b"E": b"\x1b", b"f": b"\f", b"n": b"\n", b"r": b"\r"}
_LETTERS |= {b"t": b"\t", b"v": b"\v"}


@dataclass(frozen=True)
class Declaration:
    """One variable. `flags` as in `declare -FLAGS`; `text` is the whole line or lines."""

    name: str
    flags: str
    text: bytes
    quoted: bytes | None

    @property
    def is_readonly(self) -> bool:
        return "r" in self.flags

    def scalar(self) -> str | None:
        """The value, or None for arrays, references and variables without one."""
        if self.quoted is None or set("aAn") & set(self.flags):
            return None
        return _unquote(self.quoted).decode(*_ENCODING)


def exported(name: str, value: str) -> Declaration:
    """The declaration of an exported variable. `value` holds no NUL."""
    quoted = b'"' + re.sub(rb'(["$`\\])', rb"\\\1", value.encode(*_ENCODING)) + b'"'
    return Declaration(name, "x", b"declare -x " + name.encode() + b"=" + quoted + b"\n", quoted)


def parse_declarations(text: bytes) -> Iterator[Declaration]:
    """The declarations in the output of `declare -p`. Raises ValueError when it is none."""
    position = 0
    while position < len(text):
        match = _DECLARATION.match(text, position)
        if match is None:
            raise ValueError(f"not a declaration: {text[position : position + 80]!r}")
        yield Declaration(match["name"].decode(), match["flags"].decode(), match[0], match["value"])
        position = match.end()


def restorable_aliases(text: bytes) -> bytes:
    """Commands that make the aliases in the output of `alias -p`. Bash does not quote their names,
    which may be patterns, braces or comments. Raises ValueError when it is no such output."""
    commands: list[bytes] = []
    position = 0
    while position < len(text):
        match = _ALIAS.match(text, position)
        if match is None:
            raise ValueError(f"not an alias: {text[position : position + 80]!r}")
        commands.append(b"builtin alias -- '" + match["name"] + b"'=" + match["value"] + b"\n")
        position = match.end()
    return b"".join(commands)


def _unquote(quoted: bytes) -> bytes:
    if quoted.startswith(b'"'):
        return _DOUBLE_ESCAPE.sub(rb"\1", quoted[1:-1])
    return _ANSI_ESCAPE.sub(_unescape, quoted[2:-1])


def _unescape(match: re.Match[bytes]) -> bytes:
    if match["octal"]:
        return bytes([int(match["octal"], 8) & 0xFF])
    if match["hex"]:
        return bytes([int(match["hex"], 16)])
    point = match["u4"] or match["u8"]
    if point:
        return chr(int(point, 16)).encode(*_ENCODING)
    return _LETTERS.get(match["letter"], match["letter"])
