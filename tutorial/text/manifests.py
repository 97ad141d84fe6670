"""Credentials that show over several lines: the data of a Secret, a kubeconfig's keys, a private key,
the value of a variable that is named as a secret; also as a difference, with + and - before the lines.

Used by `tutorial.text.masking`, one line after the other. kubectl prints `data` before `kind`, so
while the kind is unknown every value of a `data` block that could be base64 is masked.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from tutorial.text.credentials import MASK, SECRET_KEY, SECRET_NAME

_KEY = re.compile(
    r"""(?P<head>[+-]?\s*(?:-\s+)*["']?(?P<key>[\w./-]+)["']?\s*:)(?P<gap>\s*)(?P<value>.*?)(?P<tail>,?\s*)\Z"""
)
_SECRET_KEY = re.compile(SECRET_KEY, re.IGNORECASE)
_BLOCK_SCALAR = re.compile(r"[|>][0-9+-]{0,2}\Z")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")
_PRIVATE_KEY = re.compile(
    r"(-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----)(?:.*?(-----END [A-Z ]{0,32}PRIVATE KEY-----)|.*)"
)
_PRIVATE_KEY_LINE = re.compile(r"\s*[A-Za-z0-9+/=]+\s*\Z|.*\s[A-Za-z0-9+/=]{40,}\s*\Z")
_PRIVATE_KEY_HEADER = re.compile(r"\s*(?:Proc-Type|DEK-Info):")
_SECRET_NAME = re.compile(rf"{SECRET_NAME}[\"']?\Z", re.IGNORECASE)
_OPENS = re.compile(r"(?:&\S+\s*)?(?:#.*)?\Z|\{\Z")
"""What may follow `data:` when its entries are in the next lines."""

_FLOW_VALUE = re.compile(r"""(:\s{0,8})("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,{}"'][^,{}]*)""")


class _Block(Enum):
    NONE = auto()
    SECRET = auto()
    PERHAPS_SECRET = auto()


class ManifestMasker:
    """One stream's masker; it remembers which block of which kind of object the line is in."""

    def __init__(self) -> None:
        self._kind = ""
        self._block = _Block.NONE
        self._indent = 0
        self._in_private_key = False
        self._in_header = False
        self._prefix = ""
        self._is_named_secret = False

    def mask_line(self, line: str) -> str:
        """`line`, without its newline, with the credentials of its block replaced by `***`."""
        if self._in_private_key:
            masked = self._mask_private_key(line)
            if self._in_private_key:
                return masked
        found = _PRIVATE_KEY.search(line)
        if found:
            self._in_private_key = found.group(2) is None
            self._prefix = line[: found.start()]
            line = line[: found.end(1)] + MASK + (found.group(2) or "") + line[found.end() :]
            if _KEY.match(line) is None:
                return line
        if self._block is not _Block.NONE and (not line.strip() or _depth(line) > self._indent):
            return self._mask_inside(line)
        self._block = _Block.NONE
        return self._mask_outside(line)

    def _mask_private_key(self, line: str) -> str:
        """A line between a key's first and last: they have the same text before them, such as a log's."""
        rest = line.removeprefix(self._prefix)
        is_blank = self._in_header and not rest.strip()
        self._in_header = _PRIVATE_KEY_HEADER.match(rest) is not None
        self._in_private_key = is_blank or self._in_header or _PRIVATE_KEY_LINE.match(rest) is not None
        return line if is_blank else line[: len(line) - len(rest.lstrip())] + MASK

    def _mask_outside(self, line: str) -> str:
        if line.startswith("---"):
            self._kind = ""
        entry = _KEY.match(line)
        is_named_secret, self._is_named_secret = self._is_named_secret, False
        if entry is None:
            return line
        key, value = entry["key"], entry["value"]
        self._is_named_secret = key == "name" and _SECRET_NAME.search(value) is not None
        if key == "apiVersion":
            self._kind = ""
        elif key == "kind":
            self._kind = value.partition(" #")[0].strip("\"' ")
        elif key in ("data", "stringData") and _OPENS.match(value):
            self._enter(self._block_of(key), line)
        elif key in ("data", "stringData") and value.startswith("{"):
            return line[: entry.start("value")] + _masked_flow(value, self._block_of(key)) + entry["tail"]
        elif value and (_SECRET_KEY.fullmatch(key) or (is_named_secret and key == "value")):
            if _BLOCK_SCALAR.match(value):
                self._enter(_Block.SECRET, line)
            else:
                return _masked(entry)
        return line

    def _block_of(self, key: str) -> _Block:
        if key == "stringData" or self._kind == "Secret":
            return _Block.SECRET
        return _Block.NONE if self._kind else _Block.PERHAPS_SECRET

    def _enter(self, block: _Block, line: str) -> None:
        self._block = block
        self._indent = _depth(line)

    def _mask_inside(self, line: str) -> str:
        entry = _KEY.match(line)
        if entry is None:
            is_content = self._block is _Block.SECRET and line.strip()
            return _indentation(line) + MASK if is_content else line
        value = entry["value"]
        if not value or _BLOCK_SCALAR.match(value):
            return line
        if self._block is _Block.PERHAPS_SECRET and not _BASE64.match(value.strip("\"'")):
            return line
        return _masked(entry)


def _masked(entry: re.Match[str]) -> str:
    if entry["value"].strip("\"'") == MASK:
        return entry.string
    quote = '"' if entry["value"].startswith('"') else ""
    return f"{entry['head']}{entry['gap']}{quote}{MASK}{quote}{entry['tail']}"


def _masked_flow(values: str, block: _Block) -> str:
    """`{a: b, c: "d"}` with the values masked that the block's kind asks for."""

    def mask(found: re.Match[str]) -> str:
        value = found.group(2).strip()
        if block is _Block.NONE or (block is _Block.PERHAPS_SECRET and not _BASE64.match(value.strip("\"'"))):
            return found.group()
        return found.group(1) + (f'"{MASK}"' if value.startswith('"') else MASK)

    return _FLOW_VALUE.sub(mask, values)


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _depth(line: str) -> int:
    """The column of the line's first key: the dash of a list item, or of a
    difference, counts as indentation."""
    return len(line) - len(line.lstrip(" \t-+"))
