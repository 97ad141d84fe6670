"""JSON as Go reads it: what is wrong with a text, in the words of Go's scanner.

Used for request bodies and for the JSON inside a Secret. Python's parsers do the work; this scanner
runs only over what they refuse.
Source of the words and of the states: Go's package encoding/json.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

_END = "unexpected end of JSON input"
_SPACE = b" \t\r\n"
_DIGITS = b"0123456789"
_HEX = b"0123456789abcdefABCDEF"
_ESCAPES = b'bfnrt\\/"'
_LITERALS = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}
_SURROGATES = re.compile("[\ud800-\udfff]")
_DIGITS_OF_64_BITS = 20
_DEEPEST = 200
_TOO_DEEP = "exceeded max depth"


class GoSyntaxError(ValueError):
    """A text that is no JSON, or has a number that is too large; says why as Go does."""


def loads(text: bytes) -> Any:
    """The value of a JSON text. Bytes that are no UTF-8 are replaced, as Go does.

    Raises:
        GoSyntaxError: it is no JSON, nested too deeply, or a number is too large.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        _Scanner(text).scan()
    try:
        value = json.loads(text.decode("utf-8", "replace"), parse_float=_number, parse_int=_whole_number)
    except RecursionError:
        raise GoSyntaxError(_TOO_DEEP) from None
    return orjson.loads(_SURROGATES.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise GoSyntaxError(f"json: cannot unmarshal number {text} into Go value of type float64")
    return number


def _whole_number(text: str) -> float:
    """One that 64 bits hold, or else a floating one."""
    if len(text) > _DIGITS_OF_64_BITS:
        return _number(text)
    value = int(text)
    return value if -(2**63) <= value < 2**64 else float(value)


class _Scanner:
    """Walks over a text; raises at the first byte that cannot stand where it does."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0

    def scan(self) -> None:
        self._value(0)
        self._skip_space()
        if self._at < len(self._text):
            raise self._unexpected("after top-level value")

    def _peek(self) -> int:
        if self._at >= len(self._text):
            raise GoSyntaxError(_END)
        return self._text[self._at]

    def _skip_space(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in _SPACE:
            self._at += 1

    def _next(self) -> int:
        """The next byte that is no space, which stays where it is."""
        self._skip_space()
        return self._peek()

    def _unexpected(self, context: str) -> GoSyntaxError:
        return GoSyntaxError(f"invalid character {_quoted(self._peek())} {context}")

    def _value(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise GoSyntaxError(_TOO_DEEP)
        first = self._next()
        if first == ord("{"):
            self._object(depth)
        elif first == ord("["):
            self._array(depth)
        elif first == ord('"'):
            self._string()
        elif first in _LITERALS:
            self._literal(_LITERALS[first])
        elif first == ord("-") or first in _DIGITS:
            self._number()
        else:
            raise self._unexpected("looking for beginning of value")

    def _object(self, depth: int) -> None:
        self._at += 1
        if self._next() == ord("}"):
            self._at += 1
            return
        while True:
            if self._next() != ord('"'):
                raise self._unexpected("looking for beginning of object key string")
            self._string()
            if self._next() != ord(":"):
                raise self._unexpected("after object key")
            self._at += 1
            self._value(depth + 1)
            if self._close(ord("}"), "after object key:value pair"):
                return

    def _array(self, depth: int) -> None:
        self._at += 1
        if self._next() == ord("]"):
            self._at += 1
            return
        while True:
            self._value(depth + 1)
            if self._close(ord("]"), "after array element"):
                return

    def _close(self, end: int, context: str) -> bool:
        """Pass a comma or the end; whether it was the end."""
        found = self._next()
        if found not in (end, ord(",")):
            raise self._unexpected(context)
        self._at += 1
        return found == end

    def _string(self) -> None:
        self._at += 1
        while (found := self._peek()) != ord('"'):
            if found < 0x20:
                raise self._unexpected("in string literal")
            self._at += 1
            if found == ord("\\"):
                self._escape()
        self._at += 1

    def _escape(self) -> None:
        found = self._peek()
        if found != ord("u") and found not in _ESCAPES:
            raise self._unexpected("in string escape code")
        self._at += 1
        if found == ord("u"):
            for _ in range(4):
                if self._peek() not in _HEX:
                    raise self._unexpected("in \\u hexadecimal character escape")
                self._at += 1

    def _literal(self, word: bytes) -> None:
        for wanted in word:
            if self._peek() != wanted:
                raise self._unexpected(f"in literal {word.decode()} (expecting {_quoted(wanted)})")
            self._at += 1

    def _number(self) -> None:
        if self._peek() == ord("-"):
            self._at += 1
        if self._peek() == ord("0"):
            self._at += 1
        else:
            self._digits("in numeric literal")
        if self._follows(b"."):
            self._digits("after decimal point in numeric literal")
        if self._follows(b"eE"):
            self._follows(b"+-")
            self._digits("in exponent of numeric literal")

    def _follows(self, any_of: bytes) -> bool:
        """Pass one of these bytes, if it is the next."""
        found = self._at < len(self._text) and self._text[self._at] in any_of
        self._at += found
        return found

    def _digits(self, context: str) -> None:
        if self._peek() not in _DIGITS:
            raise self._unexpected(context)
        while self._follows(_DIGITS):
            pass


def _quoted(byte: int) -> str:
    """A byte as Go's `strconv.Quote` shows it, in single quotes."""
    special = {"'": "\\'", '"': '"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    special |= {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
    letter = chr(byte)
    if letter in special:
        return f"'{special[letter]}'"
    return (
        f"'{letter}'" if letter.isprintable() else f"'\\x{byte:02x}'" if byte < 0x80 else f"'\\u{byte:04x}'"
    )
