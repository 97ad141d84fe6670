"""Reads label selectors (`app=a,tier in (x,y),!old`), with the server's words for what it cannot read.

Called by `tutorial.sandbox.api.selectors`. Source of grammar and words: k8s.io/apimachinery's parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tutorial.sandbox.api.errors import bad_request
from tutorial.sandbox.schemas.errors import invalid_value
from tutorial.sandbox.schemas.semantics import names

LabelTest = Callable[[dict[str, str]], bool]

_TOKEN = re.compile(r"\s*(==|!=|[=!,()<>]|[^\s,()=!<>]+|$)")
_SYMBOLS = frozenset({"==", "!=", "=", "!", ",", "(", ")", "<", ">", ""})
_OPERATORS = frozenset({"in", "notin", "==", "!=", "=", "<", ">"})
_END = ""


def parse_labels(selector: str) -> list[LabelTest]:
    """The tests of a selector; none for an empty one.

    Raises:
        ApiError: 400: it cannot be read.
    """
    try:
        return list(_Parser(selector).requirements())
    except _UnreadableError as error:
        raise bad_request(str(error)) from None


class _UnreadableError(Exception):
    """Says which word was found where another belongs."""


class _Parser:
    def __init__(self, selector: str) -> None:
        self._tokens: list[str] = _TOKEN.findall(selector)
        if not self._tokens or self._tokens[-1] != _END:
            self._tokens.append(_END)
        self._place = 0

    def requirements(self) -> Iterator[LabelTest]:
        while self._next() != _END:
            if self._next() != "!" and self._next() in _SYMBOLS:
                raise _expected(self._next(), "!, identifier, or 'end of string'")
            try:
                yield self._requirement()
            except _UnreadableError as error:
                raise _UnreadableError(f"unable to parse requirement: {error}") from None
            separator = self._take()
            if separator == _END:
                return
            if separator != ",":
                raise _expected(separator, "',' or 'end of string'")
            if self._next() != "!" and self._next() in _SYMBOLS:
                raise _expected(self._next(), "identifier after ','")

    def _next(self) -> str:
        return self._tokens[self._place]

    def _take(self) -> str:
        token = self._next()
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token

    def _requirement(self) -> LabelTest:
        absent = self._next() == "!"
        if absent:
            self._take()
        key = self._take()
        if key in _SYMBOLS:
            raise _expected(key, "identifier")
        _check("<nil>", key, names.qualified_name)
        if absent:
            return lambda labels: key not in labels
        if self._next() in (_END, ","):
            return lambda labels: key in labels
        operator = self._take()
        if operator not in _OPERATORS:
            raise _expected(operator, "in, notin, =, ==, !=, gt, lt")
        values = self._values() if operator in ("in", "notin") else [self._exact_value()]
        if operator in ("<", ">"):
            return _comparison(key, operator, values[0])
        for index, value in enumerate(sorted(values)):
            _check(f"values[{index}][{key}]", value, names.label_value)
        if operator in ("notin", "!="):
            return lambda labels: labels.get(key) not in values
        return lambda labels: labels.get(key) in values

    def _exact_value(self) -> str:
        if self._next() in (_END, ","):
            return ""
        value = self._take()
        if value in _SYMBOLS:
            raise _expected(value, "identifier")
        return value

    def _values(self) -> list[str]:
        opening = self._take()
        if opening != "(":
            raise _UnreadableError(f"found '{opening}' expected: '('")
        if self._next() != "," and self._next() != ")" and self._next() in _SYMBOLS:
            raise _expected(self._next(), "',', ')' or identifier")
        values = [self._listed_value()]
        while self._next() == ",":
            self._take()
            values.append(self._listed_value())
        closing = self._take()
        if closing != ")":
            raise _expected(closing, "',' or ')'")
        return values

    def _listed_value(self) -> str:
        return "" if self._next() in _SYMBOLS else self._take()


def _expected(found: str, wanted: str) -> _UnreadableError:
    return _UnreadableError(f"found '{found}', expected: {wanted}")


def _check(field: str, text: str, rule: names.Rule) -> None:
    faults = list(rule(text))
    if faults:
        raise _UnreadableError(str(invalid_value(field, text, "; ".join(faults))))


def _comparison(key: str, operator: str, bound: str) -> LabelTest:
    if not bound.lstrip("-").isdecimal():
        detail = "for 'Gt', 'Lt' operators, the value must be an integer"
        raise _UnreadableError(str(invalid_value("values[0]", bound, detail)))
    limit = int(bound)

    def compares(labels: dict[str, str]) -> bool:
        text = labels.get(key, "")
        if not text.lstrip("-").isdecimal():
            return False
        return int(text) < limit if operator == "<" else int(text) > limit

    return compares
