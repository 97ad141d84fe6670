"""Checks a custom resource against its schema, with the messages of a CustomResourceDefinition.

Called through `Schemas.validate_create` and `validate_update`. Source of the words: the schema
checks of k8s.io/kube-openapi, seen in a 1.36 server's answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.definitions import Schema
from tutorial.sandbox.schemas.errors import FieldError, invalid_value, required, unsupported, wrong_type

_BLOCKING = ("FieldValueNotSupported", "FieldValueRequired", "FieldValueTypeInvalid")
_RULES_SKIPPED = FieldError(
    "<nil>",
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)


def validate(schema: Schema, obj: Object) -> list[FieldError]:
    """The faults of everything but the metadata. The last entry says, as the server does, that the
    kind's further rules were not reached."""
    fields = {name: field for name, field in schema["properties"].items() if name != "metadata"}
    content = {name: value for name, value in obj.items() if name != "metadata"}
    errors = list(_object({**schema, "properties": fields}, content, ""))
    if any(error.reason in _BLOCKING for error in errors):
        errors.append(_RULES_SKIPPED)
    return errors


def _value(schema: Schema, value: Any, path: str) -> Iterator[FieldError]:
    wanted = schema.get("type")
    if wanted and not _has_type(wanted, value):
        got = _type_of(value)
        yield wrong_type(path, got, f'{path} in body must be of type {wanted}: "{got}"')
    elif isinstance(value, dict):
        yield from _object(schema, value, f"{path}.")
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _value(schema["items"], item, f"{path}[{index}]")
    else:
        yield from _range(schema, value, path)
    if "enum" in schema and value not in schema["enum"]:
        yield unsupported(path, value, schema["enum"])


def _object(schema: Schema, value: Object, prefix: str) -> Iterator[FieldError]:
    for name in schema.get("required", ()):
        if name not in value:
            yield required(prefix + name)
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties")
    for name, child in value.items():
        if name in properties:
            yield from _value(properties[name], child, prefix + name)
        elif isinstance(others, dict):
            yield from _value(others, child, prefix + name)


def _range(schema: Schema, value: Any, path: str) -> Iterator[FieldError]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and value < low:
        yield invalid_value(path, value, f"{path} in body should be greater than or equal to {_number(low)}")
    if high is not None and value > high:
        yield invalid_value(path, value, f"{path} in body should be less than or equal to {_number(high)}")


def _number(limit: float) -> str:
    return str(int(limit)) if float(limit).is_integer() else str(limit)


def _has_type(wanted: str, value: Any) -> bool:
    got = _type_of(value)
    return got == wanted or (wanted == "number" and got == "integer")


_TYPE_NAMES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def _type_of(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return "integer"
    return _TYPE_NAMES[type(value)]
