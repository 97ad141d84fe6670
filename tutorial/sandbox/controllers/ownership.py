"""Who owns an object: owner references, read and made. Used by every controller."""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import ResourceType


def reference_to(resource: ResourceType, owner: Object) -> dict[str, Any]:
    """The reference of a managed object to the object that manages it."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: Object) -> dict[str, Any] | None:
    """The reference to the one owner that manages `obj`, if it has one."""
    references: list[dict[str, Any]] = obj["metadata"].get("ownerReferences", [])
    return next((reference for reference in references if reference.get("controller")), None)


def is_controlled_by(obj: Object, owner: Object) -> bool:
    """Whether `owner` manages `obj`."""
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == owner["metadata"]["uid"]


def is_terminating(obj: Object) -> bool:
    """Whether `obj` is being deleted."""
    return "deletionTimestamp" in obj["metadata"]
