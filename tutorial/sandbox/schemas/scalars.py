"""Single values: whether they fit their schema's type and format, and the decoder's words if not.

Called by `decoding.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from datetime import datetime
from typing import Any

import orjson

from tutorial.sandbox.schemas.definitions import Schema
from tutorial.sandbox.schemas.quantities import quantity_fault

Decoded = tuple[Any, str]
"""A value as decoded, and the fault or an empty text."""

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_WORDS = {bool: "bool", str: "string", int: "number", float: "number", list: "array", dict: "object"}
_ZEROS: dict[str, Any] = {
    "string": "",
    "boolean": False,
    "integer": 0,
    "number": 0,
    "array": [],
    "object": {},
}
_BITS = {"int32": 32, "int64": 64}


def json_word(value: Any, *, into_integer: bool = False) -> str:
    """What Go's decoder calls a JSON value: `string`, `bool`, `object`, `number`, and `number 1.5`
    where an integer was wanted."""
    word = _WORDS[type(value)]
    return f"number {orjson.dumps(value).decode()}" if into_integer and word == "number" else word


def zero(name: str | None, schema: Schema) -> Any:
    """The value of a type that was given none; `name` is that of its component, if it has one."""
    if name in SELF_DECODING:
        decoded, _ = SELF_DECODING[name](0)
        return decoded
    kind = schema.get("type", "string")
    return copy(_ZEROS[kind])


def fits(schema: Schema, value: Any) -> bool:
    """Whether a value has the JSON type of a scalar schema, in the range of its format."""
    match schema.get("type"):
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            bits = _BITS.get(schema.get("format", ""), 64)
            return (
                isinstance(value, int)
                and not isinstance(value, bool)
                and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)
            )
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
    return True


def format_fault(schema: Schema, value: Any) -> str:
    """The fault of a text whose format (base64, time) is broken, or an empty text."""
    match schema.get("format"):
        case "byte":
            return _base64_fault(value)
        case "date-time":
            return _time_fault(value)
    return ""


def _base64_fault(text: str) -> str:
    packed = re.sub(r"[\r\n]", "", text)
    if _BASE64.fullmatch(packed):
        return ""
    valid = re.match(r"[A-Za-z0-9+/]*", packed)
    return f"illegal base64 data at input byte {valid.end() if valid else 0}"


def _time_fault(text: str) -> str:
    if _RFC3339.fullmatch(text):
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return f'parsing time "{text}": day out of range'
        return ""
    return f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"'


def _int_or_string(value: Any) -> Decoded:
    if isinstance(value, str) or fits({"type": "integer", "format": "int32"}, value):
        return value, ""
    return value, f"json: cannot unmarshal {json_word(value, into_integer=True)} into Go value of type int32"


def _quantity(value: Any) -> Decoded:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text, quantity_fault(text)


SELF_DECODING: dict[str, Callable[[Any], Decoded]] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": _int_or_string,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": _quantity,
}
"""Types that bring their own decoder."""
