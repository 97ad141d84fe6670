"""Decoder for the protobuf bodies that kubectl sends: `create namespace`, `auth can-i`, ...

Called by `tutorial.sandbox.api.bodies`. A body is the four bytes `k8s\\0` and a `runtime.Unknown`, which
holds type and raw object. The messages it knows are in `protobuf_messages`; a field that is not listed
there is refused, unless it is zero, which kubectl writes for everything that is not set.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from tutorial.sandbox.api.errors import bad_request
from tutorial.sandbox.api.metadata import timestamp
from tutorial.sandbox.api.protobuf_messages import KINDS, MESSAGES, Field

Object = dict[str, Any]

_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TYPE_META, _RAW = 1, 2
_MAX_DEPTH = 32
"""Messages within messages: more than any of Kubernetes' has."""


class _MalformedError(Exception):
    """The bytes are no message."""


def decode_object(body: bytes) -> Object:
    """The object that a protobuf body holds.

    Raises:
        ApiError: 400: the body is malformed, or of a kind whose fields are not known.
    """
    if not body.startswith(_MAGIC):
        raise bad_request("the body is not Kubernetes protobuf: it does not begin with its four bytes")
    try:
        unknown = dict(_fields(body[len(_MAGIC) :]))
        types = dict(_fields(_as_bytes(unknown.get(_TYPE_META, b""))))
        api_version, kind = _as_bytes(types.get(1, b"")).decode(), _as_bytes(types.get(2, b"")).decode()
        message = KINDS.get((api_version, kind))
        if message is None:
            raise bad_request(_unknown_kind(api_version, kind))
        return {
            "apiVersion": api_version,
            "kind": kind,
            **_message(message, _as_bytes(unknown.get(_RAW, b""))),
        }
    except (_MalformedError, UnicodeDecodeError, OverflowError, OSError) as error:
        raise bad_request(f"the protobuf body is malformed: {error}") from None


def _unknown_kind(api_version: str, kind: str) -> str:
    if kind == "Pod":
        return "the sandbox has no kubectl debug, the one command that sends pods as protobuf"
    return f"the sandbox does not know the protobuf form of {kind} in version {api_version!r}; send JSON"


def _is_zero(raw: int | bytes, depth: int = 0) -> bool:
    """Whether a field says nothing: zero, an empty text, a message of nothing but such fields."""
    if isinstance(raw, int):
        return raw == 0
    if depth > _MAX_DEPTH:
        return False
    try:
        return all(_is_zero(value, depth + 1) for _, value in _fields(raw))
    except _MalformedError:
        return False


def _message(name: str, data: bytes) -> Object:
    known = MESSAGES[name]
    result: Object = {}
    for number, raw in _fields(data):
        field = known.get(number)
        if field is None:
            if not _is_zero(raw):
                why = f"the sandbox does not know field {number} of {name} in protobuf; send JSON"
                raise bad_request(why)
            continue
        if field.map:
            entry = dict(_fields(_as_bytes(raw)))
            key = _as_bytes(entry.get(1, b"")).decode()
            result.setdefault(field.name, {})[key] = _value(field, entry.get(2, b""))
            continue
        value = _value(field, raw)
        if field.repeated:
            result.setdefault(field.name, []).append(value)
        elif field.pointer or value not in ("", 0, False, None, {}):
            result[field.name] = value
    return result


def _value(field: Field, raw: int | bytes) -> Any:
    scalar = _SCALARS.get(field.type)
    return scalar(raw) if scalar else _message(field.type, _as_bytes(raw))


def _text(raw: int | bytes) -> str:
    return _as_bytes(raw).decode()


def _base64(raw: int | bytes) -> str:
    return base64.b64encode(_as_bytes(raw)).decode()


def _int_or_string(raw: int | bytes) -> int | str:
    parts = dict(_fields(_as_bytes(raw)))
    return _text(parts.get(3, b"")) if parts.get(1) else _signed(parts.get(2, 0))


def _quantity(raw: int | bytes) -> str:
    return _text(dict(_fields(_as_bytes(raw))).get(1, b""))


def _time(raw: int | bytes) -> str | None:
    seconds = _signed(dict(_fields(_as_bytes(raw))).get(1, 0))
    return timestamp(datetime.fromtimestamp(seconds, UTC)) if seconds else None


def _fields_v1(raw: int | bytes) -> Any:
    """A set of fields, which is JSON also within protobuf."""
    try:
        return orjson.loads(_as_bytes(dict(_fields(_as_bytes(raw))).get(1, b"{}")))
    except orjson.JSONDecodeError:
        raise _MalformedError("managed fields must be JSON") from None


def _signed(raw: int | bytes) -> int:
    if isinstance(raw, bytes):
        raise _MalformedError("a number was expected")
    return raw - (1 << 64) if raw >> 63 else raw


def _as_bytes(raw: int | bytes) -> bytes:
    if isinstance(raw, int):
        raise _MalformedError("text or a message was expected")
    return raw


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        wire_type = tag & 7
        if wire_type == _VARINT:
            value, position = _varint(data, position)
            yield tag >> 3, value
            continue
        if wire_type == _BYTES:
            size, position = _varint(data, position)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}.get(wire_type, -1)
        if size < 0 or position + size > len(data):
            raise _MalformedError("it ends in the middle of a field")
        yield tag >> 3, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise _MalformedError("it ends in the middle of a number")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & ((1 << 64) - 1), position
    raise _MalformedError("a number is too long")


_SCALARS: dict[str, Callable[[int | bytes], Any]] = {
    "string": _text,
    "bytes": _base64,
    "int": _signed,
    "bool": bool,
    "Time": _time,
    "FieldsV1": _fields_v1,
    "IntOrString": _int_or_string,
    "Quantity": _quantity,
}
