"""The OpenAPI v2 document as protobuf, the only form in which kubectl takes it.

Called by `openapi.Documents`. The numbers of fields are those of openapi.v2 in OpenAPIv2.proto of
github.com/google/gnostic-models; what kubectl does not read (responses, bodies) is left out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import orjson

_DOUBLE, _BYTES = 1, 2
_METHODS = {"get": 2, "post": 4, "patch": 8}
_TEXTS = {"$ref": 1, "format": 2, "description": 4}
_NUMBERS = {"maximum": 7, "minimum": 9}
_SCHEMA_EXTENSIONS = 31
_OPERATION_EXTENSIONS = 13


def encode(document: dict[str, Any]) -> bytes:
    """A document of `openapi_v2` as bytes."""
    info = _text(1, document["info"]["title"]) + _text(2, document["info"]["version"])
    paths = _named(2, ((path, _path_item(item)) for path, item in document["paths"].items()))
    definitions = _named(1, ((name, _schema(one)) for name, one in document["definitions"].items()))
    return _text(1, document["swagger"]) + _field(2, info) + _field(8, paths) + _field(9, definitions)


def _path_item(item: dict[str, Any]) -> bytes:
    return b"".join(_field(_METHODS[method], _operation(operation)) for method, operation in item.items())


def _operation(operation: dict[str, Any]) -> bytes:
    parameters = b"".join(_field(8, _parameter(parameter)) for parameter in operation["parameters"])
    return parameters + _extensions(_OPERATION_EXTENSIONS, operation)


def _parameter(parameter: dict[str, str]) -> bytes:
    """A parameter of the query, inside the messages that tell its kind."""
    query = _text(2, parameter["in"]) + _text(4, parameter["name"]) + _text(6, parameter["type"])
    return _field(1, _field(2, _field(3, query)))


def _schema(schema: dict[str, Any]) -> bytes:
    parts = [_text(number, schema[name]) for name, number in _TEXTS.items() if name in schema]
    parts += [_double(number, schema[name]) for name, number in _NUMBERS.items() if name in schema]
    parts += [_text(19, name) for name in schema.get("required", ())]
    parts += [_field(20, _text(2, orjson.dumps(value).decode())) for value in schema.get("enum", ())]
    if isinstance(schema.get("additionalProperties"), dict):
        parts.append(_field(21, _field(1, _schema(schema["additionalProperties"]))))
    if "type" in schema:
        parts.append(_field(22, _text(1, schema["type"])))
    if "items" in schema:
        parts.append(_field(23, _field(1, _schema(schema["items"]))))
    if "properties" in schema:
        fields = ((name, _schema(field)) for name, field in schema["properties"].items())
        parts.append(_field(25, _named(1, fields)))
    return b"".join(parts) + _extensions(_SCHEMA_EXTENSIONS, schema)


def _extensions(number: int, holder: dict[str, Any]) -> bytes:
    """The `x-` entries, each as YAML, which JSON is."""
    found = ((name, value) for name, value in holder.items() if name.startswith("x-"))
    return _named(number, ((name, _text(2, orjson.dumps(value).decode())) for name, value in found))


def _named(number: int, entries: Iterable[tuple[str, bytes]]) -> bytes:
    """A map, which is a repeated message of names and values."""
    return b"".join(_field(number, _text(1, name) + _field(2, value)) for name, value in entries)


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | _DOUBLE) + struct.pack("<d", value)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
