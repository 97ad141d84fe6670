"""How a field is patched and applied: its merge rules, read from its schema.

Called by the API's strategic merge patch and server-side apply, through `Schemas.field`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.schemas.definitions import Definitions, Schema

KEY_DEFAULTS: dict[str, Any] = {"protocol": "TCP"}
"""What a list's key is when an item leaves it out; ports are the only such lists."""


@dataclass(frozen=True)
class Field:
    """`type` is the JSON type (`object`, `array`, `string`, `integer`, `number`, `boolean`, or empty
    when it may be several). `patch_strategies` and `merge_key` rule a strategic merge patch,
    `list_type` (`atomic`, `set`, `map`), `list_map_keys` and `map_type` (`atomic`, `granular`)
    rule server-side apply. `scalar_map` is true for a map of names to values, such as labels."""

    type: str
    patch_strategies: tuple[str, ...] = ()
    merge_key: str | None = None
    list_type: str | None = None
    list_map_keys: tuple[str, ...] = ()
    map_type: str | None = None
    scalar_map: bool = False


def field_at(definitions: Definitions, resource: ResourceType, path: Sequence[str]) -> Field | None:
    """The field at `path` (see `Schemas.field`), None when there is none."""
    schema: Schema | None = definitions.component(resource.schema)
    for name in path:
        schema = _child(definitions, schema, name) if schema else None
    return _field(definitions, schema) if schema is not None else None


def _child(definitions: Definitions, schema: Schema, name: str) -> Schema | None:
    resolved = definitions.resolve(schema)
    if "items" in resolved:
        resolved = definitions.resolve(resolved["items"])
    if name in resolved.get("properties", {}):
        child: Schema = resolved["properties"][name]
        return child
    values = resolved.get("additionalProperties")
    return values if isinstance(values, dict) else None


def _field(definitions: Definitions, schema: Schema) -> Field:
    resolved = {**definitions.resolve(schema), **schema}
    strategy = resolved.get("x-kubernetes-patch-strategy", "")
    return Field(
        type=resolved.get("type", ""),
        patch_strategies=tuple(strategy.split(",")) if strategy else (),
        merge_key=resolved.get("x-kubernetes-patch-merge-key"),
        list_type=resolved.get("x-kubernetes-list-type"),
        list_map_keys=tuple(resolved.get("x-kubernetes-list-map-keys", ())),
        map_type=resolved.get("x-kubernetes-map-type"),
        scalar_map="additionalProperties" in resolved,
    )
