"""The garbage collector: what nobody owns any more goes, in the background, the foreground, or not
at all, as the deletion asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tutorial.sandbox.controllers.controller import Controller, key_of
from tutorial.sandbox.controllers.ownership import is_terminating
from tutorial.sandbox.controllers.queue import Key
from tutorial.sandbox.ports import Change, Object, Objects
from tutorial.sandbox.resources import RESOURCES, ResourceType
from tutorial.sandbox.status import ApiError

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"

_STORED: tuple[ResourceType, ...] = tuple({r.storage_key: r for r in RESOURCES if not r.virtual}.values())


class GarbageCollector(Controller):
    """Works on uids: the key's name is one, of an object that changed or that others name as owner."""

    watches = _STORED

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects)
        self._known: dict[str, tuple[ResourceType, Key]] = {}
        self._dependents: dict[str, set[str]] = {}

    def keys(self, resource: ResourceType, change: Change) -> Iterable[Key]:
        metadata = change.object["metadata"]
        uid = metadata["uid"]
        owners = [reference["uid"] for reference in metadata.get("ownerReferences", ())]
        if change.type == "DELETED":
            self._known.pop(uid, None)
            waiting = self._dependents.pop(uid, set())
            for owner in owners:
                self._dependents.get(owner, set()).discard(uid)
            return [Key("", other) for other in (*sorted(waiting), *owners)]
        self._known[uid] = (resource, key_of(change.object))
        for owner in owners:
            self._dependents.setdefault(owner, set()).add(uid)
        ending = is_terminating(change.object) and metadata.get("finalizers")
        return [Key("", uid)] if owners or ending else []

    def reconcile(self, key: Key) -> float | None:
        if key.name not in self._known:
            return None
        resource, place = self._known[key.name]
        obj = self.find(resource, place)
        if obj is None or obj["metadata"]["uid"] != key.name:
            return None
        finalizers = obj["metadata"].get("finalizers", ()) if is_terminating(obj) else ()
        if ORPHAN in finalizers:
            self._orphan_dependents(resource, obj)
        elif FOREGROUND in finalizers:
            self._delete_dependents(resource, obj)
        elif not is_terminating(obj):
            self._collect(resource, obj)
        return None

    def _collect(self, resource: ResourceType, obj: Object) -> None:
        """Delete an object all of whose owners are gone; else forget the owners that are."""
        references: list[dict[str, Any]] = obj["metadata"].get("ownerReferences", [])
        present = [r for r in references if self._is_there(obj, r)]
        if not references or len(present) == len(references):
            return
        if present:
            self._set_owners(resource, obj, present)
        else:
            self._delete(resource, obj, "Background")

    def _is_there(self, dependent: Object, reference: dict[str, Any]) -> bool:
        """An owner of a kind that is not served here cannot be looked up, and counts as there."""
        resource = _resource(reference)
        if resource is None:
            return True
        namespace = dependent["metadata"].get("namespace", "") if resource.namespaced else ""
        owner = self.find(resource, Key(namespace, reference["name"]))
        return owner is not None and owner["metadata"]["uid"] == reference["uid"]

    def _owned_by(self, owner: Object) -> list[tuple[ResourceType, Object]]:
        found = []
        for uid in sorted(self._dependents.get(owner["metadata"]["uid"], ())):
            if uid in self._known:
                resource, place = self._known[uid]
                obj = self.find(resource, place)
                if obj is not None and obj["metadata"]["uid"] == uid and _names(obj, owner):
                    found.append((resource, obj))
        return found

    def _delete_dependents(self, resource: ResourceType, owner: Object) -> None:
        """Foreground: the owner goes when the last of those that block it is gone."""
        for kind, dependent in self._owned_by(owner):
            if not is_terminating(dependent):
                self._delete(kind, dependent, "Foreground")
        if not any(_blocks(dependent, owner) for _, dependent in self._owned_by(owner)):
            self._drop_finalizer(resource, owner, FOREGROUND)

    def _orphan_dependents(self, resource: ResourceType, owner: Object) -> None:
        for kind, dependent in self._owned_by(owner):
            references = dependent["metadata"]["ownerReferences"]
            others = [r for r in references if r["uid"] != owner["metadata"]["uid"]]
            self._set_owners(kind, dependent, others)
        self._drop_finalizer(resource, owner, ORPHAN)

    def _set_owners(self, resource: ResourceType, obj: Object, owners: list[dict[str, Any]]) -> None:
        metadata = {**obj["metadata"], "ownerReferences": owners}
        self.objects.update(resource, {**obj, "metadata": metadata})

    def _drop_finalizer(self, resource: ResourceType, obj: Object, finalizer: str) -> None:
        others = [name for name in obj["metadata"]["finalizers"] if name != finalizer]
        self.objects.update(resource, {**obj, "metadata": {**obj["metadata"], "finalizers": others}})

    def _delete(self, resource: ResourceType, obj: Object, propagation: str) -> None:
        metadata = obj["metadata"]
        try:
            self.objects.delete(
                resource,
                metadata.get("namespace"),
                metadata["name"],
                uid=metadata["uid"],
                propagation=propagation,
            )
        except ApiError as error:
            if error.reason != "NotFound":
                raise


def _resource(reference: dict[str, Any]) -> ResourceType | None:
    """The type that an owner reference names, None when it is not served."""
    for resource in RESOURCES:
        if (resource.api_version, resource.kind) == (reference["apiVersion"], reference["kind"]):
            return resource
    return None


def _names(dependent: Object, owner: Object) -> bool:
    return any(r["uid"] == owner["metadata"]["uid"] for r in dependent["metadata"].get("ownerReferences", ()))


def _blocks(dependent: Object, owner: Object) -> bool:
    return any(
        reference["uid"] == owner["metadata"]["uid"] and reference.get("blockOwnerDeletion")
        for reference in dependent["metadata"].get("ownerReferences", ())
    )
