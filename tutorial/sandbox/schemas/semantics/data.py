"""Checks of ConfigMaps and Secrets."""

from __future__ import annotations

from collections.abc import Iterator

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.errors import FieldError, forbidden, invalid_value
from tutorial.sandbox.schemas.semantics import names

_FROZEN = "field is immutable when `immutable` is set"


def validate(obj: Object) -> Iterator[FieldError]:
    """The keys must be usable as file names, and be there once."""
    for part in ("data", "binaryData"):
        for key in sorted(obj.get(part, {})):
            yield from names.named(f"{part}[{key}]", key, names.config_key)
            if part == "binaryData" and key in obj.get("data", {}):
                yield invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData")


def validate_update(old: Object, new: Object) -> Iterator[FieldError]:
    """What is marked immutable stays as it is; a Secret keeps its type."""
    if old.get("type") != new.get("type"):
        yield invalid_value("type", new.get("type", ""), names.IMMUTABLE)
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", _FROZEN)
    for part in ("data", "binaryData"):
        if new.get(part) != old.get(part):
            yield forbidden(part, _FROZEN)
