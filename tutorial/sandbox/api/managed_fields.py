"""managedFields: who last set which field. Called on every write.

A plain write makes its manager the owner of every field that it changed; `server_side_apply` decides
for itself and writes its entry here too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tutorial.sandbox.api.field_paths import FieldTypes, Path, fields_of, from_fields_v1, to_fields_v1
from tutorial.sandbox.api.metadata import timestamp
from tutorial.sandbox.api.options import WriteOptions
from tutorial.sandbox.resources import ResourceType

Object = dict[str, Any]


@dataclass
class Manager:
    """One entry of managedFields."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""
    time: str = ""
    paths: set[Path] = field(default_factory=set)

    def is_same(self, other: Manager) -> bool:
        mine = (self.name, self.operation, self.api_version, self.subresource)
        return mine == (other.name, other.operation, other.api_version, other.subresource)


def managers_of(obj: Object) -> list[Manager]:
    """The managers of a stored object."""
    return [
        Manager(
            entry.get("manager", ""),
            entry.get("operation", "Update"),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
            entry.get("time", ""),
            from_fields_v1(entry.get("fieldsV1", {})),
        )
        for entry in obj.get("metadata", {}).get("managedFields", ())
    ]


def set_managers(obj: Object, managers: Iterable[Manager]) -> None:
    """Write the managers that own anything into `obj`, in place: appliers first."""
    owners = sorted((m for m in managers if m.paths), key=_position)
    entries = [_entry(manager) for manager in owners]
    if entries:
        obj["metadata"]["managedFields"] = entries
    else:
        obj["metadata"].pop("managedFields", None)


def _position(manager: Manager) -> tuple[bool, str, str, str, str]:
    is_update = manager.operation != "Apply"
    return (is_update, manager.time, manager.name, manager.api_version, manager.subresource)


def _entry(manager: Manager) -> Object:
    entry = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": manager.api_version,
        "time": manager.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": to_fields_v1(manager.paths),
    }
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def record_update(
    types: FieldTypes, resource: ResourceType, old: Object, new: Object, options: WriteOptions
) -> None:
    """Give the fields that `new` changes to the writer, in place. `old` is empty on create. A write
    that sets managedFields itself (`options.operation` is Apply) has its say."""
    if options.operation == "Apply":
        return
    before, after = fields_of(types, old), fields_of(types, new)
    if _differing(before, after) == set() and before.keys() == after.keys():
        _keep(old, new)
        return
    managers = managers_of(new if _resets_managers(old, new) else old)
    changed = _differing(before, after)
    if not options.subresource and "status" in resource.subresources:
        changed = {path for path in changed if path[0] != "f:status"}
    writer = Manager(options.manager, "Update", resource.api_version, options.subresource)
    entry = next((manager for manager in managers if manager.is_same(writer)), writer)
    for manager in managers:
        manager.paths &= after.keys()
        if manager is not entry:
            manager.paths -= changed
    if changed and options.manager:
        entry.paths |= changed
        entry.time = timestamp()
        if entry is writer:
            managers.append(writer)
    set_managers(new, managers)


def _differing(before: dict[Path, Any], after: dict[Path, Any]) -> set[Path]:
    missing = object()
    return {path for path, value in after.items() if before.get(path, missing) != value}


def _resets_managers(old: Object, new: Object) -> bool:
    """A client may rewrite managedFields (kubectl moves its own entry to server-side apply)."""
    sent = new["metadata"].get("managedFields")
    return sent is not None and sent != old.get("metadata", {}).get("managedFields")


def _keep(old: Object, new: Object) -> None:
    if _resets_managers(old, new):
        set_managers(new, managers_of(new))
    elif "managedFields" in old["metadata"]:
        new["metadata"]["managedFields"] = old["metadata"]["managedFields"]
