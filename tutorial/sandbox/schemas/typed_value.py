"""Holds a configuration for server-side apply against its kind's schema, before anything is merged.

Called through `Schemas.typing_faults`. The rules and words are those of `Validate` in
sigs.k8s.io/structured-merge-diff and of the scalar types that k8s.io/kube-openapi's schemaconv
gives it: unlike the typed decoder it knows duplicate keys, and tells a field's place by them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.definitions import Definitions, Schema, reference
from tutorial.sandbox.schemas.fields import KEY_DEFAULTS
from tutorial.sandbox.schemas.go_types import go_syntax, go_text

_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_GO_TYPES = {str: "string", bool: "bool", list: "[]interface {}", dict: "map[string]interface {}"}

Faults = Iterator[str]
"""Each with the path before it: `.spec.replicas: expected numeric (int or float), got string`."""


def faults(definitions: Definitions, name: str, obj: Object) -> list[str]:
    """What keeps an object from being a value of the component with that name."""
    return list(_Walk(definitions).value(definitions.component(name), obj))


def key_text(keys: Object) -> str:
    """The place of an item in a list with keys, as messages write it: `[port=80,protocol="TCP"]`."""
    return "[" + ",".join(f"{key}={orjson.dumps(value).decode()}" for key, value in keys.items()) + "]"


class _KeyError(Exception):
    """An item of a list that cannot be told from the others."""


class _Walk:
    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def value(self, schema: Schema, value: Any) -> Faults:
        resolved = {**self._definitions.resolve(schema), **schema}
        if value is None:
            return
        match resolved:
            case {"properties": dict(properties)}:
                yield from self._map(value, properties, None)
            case {"additionalProperties": dict(values)}:
                yield from self._map(value, {}, values)
            case {"type": "array", "items": items}:
                yield from self._list(resolved, items, value)
            case {"type": "object" | "array"}:
                return
            case _:
                yield from _scalar(schema, resolved, value)

    def _map(self, value: Any, fields: Schema, others: Schema | None) -> Faults:
        """A structure, or a map whose values are all of one type. As in the origin, the first field
        that is unknown ends the look at its structure."""
        if not isinstance(value, dict):
            yield f": expected map, got &{{{go_text(value)}}}"
            return
        for name, child in value.items():
            schema = fields.get(name, others)
            if schema is None:
                yield f".{name}: field not declared in schema"
                return
            yield from (f".{name}{fault}" for fault in self.value(schema, child))

    def _list(self, schema: Schema, items: Schema, value: Any) -> Faults:
        if not isinstance(value, list):
            yield f": expected list, got &{{{go_text(value)}}}"
            return
        seen: set[str] = set()
        for index, item in enumerate(value):
            try:
                place = _place(schema, index, item)
            except _KeyError as error:
                yield f": element {index}: {error}"
                return
            if place in seen:
                yield f": duplicate entries for key {place}"
            seen.add(place)
            yield from (f"{place}{fault}" for fault in self.value(items, item))


def _place(schema: Schema, index: int, item: Any) -> str:
    match schema.get("x-kubernetes-list-type"):
        case "map":
            return key_text(_keys(schema["x-kubernetes-list-map-keys"], item))
        case "set":
            return f"[={_set_item(item)}]"
    return f"[{index}]"


def _keys(names: list[str], item: Any) -> Object:
    if item is None:
        raise _KeyError("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise _KeyError("associative list with keys may not have non-map elements")
    known = {**KEY_DEFAULTS, **item}
    keys = {name: known[name] for name in sorted(names) if name in known}
    if not keys:
        listed = " ".join(f'"{name}"' for name in names)
        raise _KeyError(
            f"associative list with keys has an element that omits all key fields [{listed}] "
            "(and doesn't have default values for any key fields)"
        )
    return keys


def _set_item(item: Any) -> str:
    match item:
        case dict():
            raise _KeyError("associative list without keys has an element that's a map type")
        case list():
            raise _KeyError("not supported: associative list with lists as elements")
        case None:
            raise _KeyError("associative list without keys has an element that's an explicit null")
    return orjson.dumps(item).decode()


def _scalar(schema: Schema, resolved: Schema, value: Any) -> Faults:
    match resolved.get("type"):
        case "integer" | "number":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                yield f": expected numeric (int or float), got {_GO_TYPES[type(value)]}"
        case "boolean":
            if not isinstance(value, bool):
                yield f": expected boolean, got &{{{go_text(value)}}}"
        case "string" if "format" not in resolved or resolved["format"] == "byte":
            if not isinstance(value, str):
                yield f": expected string, got &value.valueUnstructured{{Value:{go_syntax(value)}}}"
        case _ if _is_untyped_scalar(schema, resolved) and isinstance(value, (dict, list)):
            yield f": expected any scalar, got &{{{go_text(value)}}}"


def _is_untyped_scalar(schema: Schema, resolved: Schema) -> bool:
    """Times, quantities and IntOrString; a schema without any of these holds anything."""
    return "format" in resolved or reference(schema) == _QUANTITY
