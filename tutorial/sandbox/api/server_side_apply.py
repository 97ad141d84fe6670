"""Server-side apply: merge a manager's configuration into an object, by who owns which field.

Called by `tutorial.sandbox.api.patching` for PATCH with `application/apply-patch+yaml`.
"""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.api.field_paths import FieldTypes, Path, fields_of, shown
from tutorial.sandbox.api.managed_fields import Manager, managers_of, set_managers
from tutorial.sandbox.api.metadata import clone, timestamp
from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]

_CLIENT_SIDE = "kubectl-client-side-apply"


def apply_configuration(
    types: FieldTypes,
    resource: ResourceType,
    live: Object,
    configuration: Object,
    manager: str,
    *,
    force: bool,
) -> Object:
    """The object after `manager` applied `configuration`, with its managedFields.

    Args:
        live: the present object; only identity fields when it is new. Not changed.
        force: take fields that others own.

    Raises:
        ApiError: 409 with one cause for each field that another manager set to another value.
    """
    applied = fields_of(types, configuration)
    present = fields_of(types, live)
    managers = managers_of(live)
    applier = Manager(manager, "Apply", resource.api_version)
    entry = next((m for m in managers if m.is_same(applier)), applier)
    others = [m for m in managers if m is not entry]
    contested = _contested(applied, present, others, manager)
    if contested and not force:
        raise _conflict(contested)
    for other, paths in contested:
        other.paths -= paths
    for other in others:
        if _takes_over(manager, other):
            other.paths -= {path for path in applied if present.get(path) != applied[path]}
    result: Object = _merge(types, (), clone(live), clone(configuration))
    abandoned = entry.paths - applied.keys()
    for path in sorted(abandoned, key=len):
        if not any(_owns_below(other, path) for other in others):
            _remove(types, result, path)
    owned = _without_containers(applied)
    if entry.paths != owned or result != live:
        entry.time = timestamp()
    entry.paths = owned
    remaining = fields_of(types, result)
    for other in others:
        other.paths &= remaining.keys()
    set_managers(result, [*others, entry])
    return result


def _without_containers(fields: dict[Path, Any]) -> set[Path]:
    """The fields that an applier owns: of maps and lists only what is in them, unless they are empty
    or are items of a list."""
    parents = {path[:-1] for path in fields}
    return {path for path in fields if path not in parents or not path[-1].startswith("f:")}


def _takes_over(manager: str, other: Manager) -> bool:
    return manager == "kubectl" and other.name == _CLIENT_SIDE


def _contested(
    applied: dict[Path, Any], present: dict[Path, Any], others: list[Manager], manager: str
) -> list[tuple[Manager, set[Path]]]:
    found = []
    for other in others:
        if _takes_over(manager, other):
            continue
        paths = {p for p in applied.keys() & other.paths if p in present and present[p] != applied[p]}
        if paths:
            found.append((other, paths))
    return found


def _conflict(contested: list[tuple[Manager, set[Path]]]) -> ApiError:
    causes = []
    messages = []
    for other, paths in contested:
        fields = [shown(path) for path in sorted(paths)]
        name = _named(other)
        causes += [
            {"reason": "FieldManagerConflict", "message": f"conflict with {name}", "field": field}
            for field in fields
        ]
        listed = f"conflict with {name}: {fields[0]}"
        if len(fields) > 1:
            listed = f"conflicts with {name}:" + "".join(f"\n- {field}" for field in fields)
        messages.append(listed)
    count = f"{len(causes)} conflict{'s' if len(causes) > 1 else ''}"
    return ApiError(409, "Conflict", f"Apply failed with {count}: " + "\n".join(messages), {"causes": causes})


def _named(manager: Manager) -> str:
    text = f'"{manager.name}"'
    if manager.subresource:
        text += f' with subresource "{manager.subresource}"'
    if manager.operation == "Update":
        text += f" using {manager.api_version} at {manager.time}"
    return text


def _owns_below(manager: Manager, path: Path) -> bool:
    return any(owned[: len(path)] == path for owned in manager.paths)


def _merge(types: FieldTypes, names: Path, live: Any, applied: Any) -> Any:
    if isinstance(live, dict) and isinstance(applied, dict) and not types.is_atomic(names, applied):
        for key, value in applied.items():
            live[key] = _merge(types, (*names, key), live.get(key), value)
        return live
    if isinstance(live, list) and isinstance(applied, list) and not types.is_atomic(names, applied):
        items = {types.element(names, item): item for item in live}
        for item in applied:
            element = types.element(names, item)
            items[element] = _merge(types, names, items.get(element), item)
        return list(items.values())
    return applied


def _remove(types: FieldTypes, obj: Object, path: Path) -> None:
    """Take one field or list item out, and the containers that it leaves empty."""
    parents: list[tuple[Any, Any]] = []
    names: Path = ()
    node: Any = obj
    for element in path:
        kind, _, name = element.partition(":")
        if kind == "f":
            names = (*names, name)
            if not isinstance(node, dict) or name not in node:
                return
            parents.append((node, name))
            node = node[name]
        else:
            if not isinstance(node, list):
                return
            index = next((i for i, item in enumerate(node) if types.element(names, item) == element), None)
            if index is None:
                return
            parents.append((node, index))
            node = node[index]
    for depth, (container, key) in enumerate(reversed(parents)):
        if depth and container[key]:
            return
        del container[key]
