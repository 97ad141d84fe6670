"""An object as the set of its fields, the way managedFields writes them (FieldsV1).

A path is a tuple of elements: `f:name` for a field or key, `k:{"port":80}` for the item of a list
that is told apart by keys, `v:"x"` for the item of a set. Used by `managed_fields` and
`server_side_apply`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.schemas import Field, Schemas
from tutorial.sandbox.schemas.fields import KEY_DEFAULTS
from tutorial.sandbox.schemas.typed_value import key_text

Path = tuple[str, ...]

_UNOWNED = frozenset(
    {
        ("f:apiVersion",),
        ("f:kind",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name",
                "namespace",
                "uid",
                "resourceVersion",
                "generation",
                "creationTimestamp",
                "deletionTimestamp",
                "deletionGracePeriodSeconds",
                "selfLink",
                "managedFields",
            )
        ),
    }
)


class FieldTypes:
    """The merge rules of one kind's fields, remembered by path."""

    def __init__(self, schemas: Schemas, resource: ResourceType) -> None:
        self._schemas = schemas
        self._resource = resource
        self._known: dict[Path, Field | None] = {}

    def at(self, names: Path) -> Field | None:
        """The rules of the field with these property names (see `Schemas.field`)."""
        if names not in self._known:
            self._known[names] = self._schemas.field(self._resource, names)
        return self._known[names]

    def is_atomic(self, names: Path, value: Any) -> bool:
        """Whether a container is owned and replaced as a whole."""
        field = self.at(names)
        if isinstance(value, list):
            return field is None or field.list_type not in ("map", "set")
        return field is not None and field.map_type == "atomic"

    def is_plain_map(self, names: Path) -> bool:
        """Whether a dict's keys are data (labels) rather than fields."""
        field = self.at(names)
        return field is not None and field.scalar_map

    def element(self, names: Path, item: Any) -> str:
        """The path element that tells an item of a non-atomic list from the others."""
        field = self.at(names)
        if field is not None and field.list_type == "map" and isinstance(item, dict):
            keys = {key: KEY_DEFAULTS[key] for key in field.list_map_keys if key in KEY_DEFAULTS}
            keys |= {key: item[key] for key in field.list_map_keys if key in item}
            return "k:" + orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()
        return "v:" + orjson.dumps(item).decode()


def fields_of(types: FieldTypes, obj: dict[str, Any]) -> dict[Path, Any]:
    """Every owned field of an object and its value (None for a container that is split up)."""
    found = dict(_walk(types, (), (), obj))
    for path in _UNOWNED:
        found.pop(path, None)
    return {path: value for path, value in found.items() if path[:2] not in _UNOWNED}


def _walk(types: FieldTypes, path: Path, names: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value and not types.is_atomic(names, value):
        if path and (types.is_plain_map(names) or path[-1].startswith("k:")):
            yield path, None
        for key, child in value.items():
            yield from _walk(types, (*path, f"f:{key}"), (*names, key), child)
    elif isinstance(value, list) and value and not types.is_atomic(names, value):
        yield path, None
        for item in value:
            yield from _walk(types, (*path, types.element(names, item)), names, item)
    else:
        yield path, value


def to_fields_v1(paths: Iterable[Path]) -> dict[str, Any]:
    """The paths as a FieldsV1 tree."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _without_lone_dots(tree)


def _without_lone_dots(node: dict[str, Any]) -> dict[str, Any]:
    if set(node) == {"."}:
        return {}
    return {key: _without_lone_dots(child) for key, child in node.items()}


def from_fields_v1(tree: dict[str, Any]) -> set[Path]:
    """The paths of a FieldsV1 tree."""
    return set(_paths(tree, ()))


def _paths(node: dict[str, Any], path: Path) -> Iterator[Path]:
    if not node:
        yield path
    for element, child in node.items():
        if element == ".":
            yield path
        else:
            yield from _paths(child, (*path, element))


def shown(path: Path) -> str:
    """A path as messages write it: `.spec.ports[port=80,protocol="TCP"].nodePort`."""
    text = ""
    for element in path:
        kind, _, rest = element.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            text += key_text(orjson.loads(rest))
        else:
            text += f"[={rest}]"
    return text
