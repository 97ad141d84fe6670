"""Kubernetes objects as the engine wants them, and made fit to be created again. Pure.

Called by `tutorial.backends.cluster`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tutorial.engine.ports import ObjectState
from tutorial.steps.model import ObjectReference
from tutorial.text.escapes import safe_text

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SERVER_OWNED = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
_ALLOCATED = ("clusterIP", "clusterIPs", "healthCheckNodePort")


def object_state(reference: ObjectReference, manifest: Mapping[str, Any]) -> ObjectState:
    """The object behind a manifest that the server sent."""
    metadata = manifest.get("metadata") or {}
    return ObjectState(
        reference=reference,
        uid=str(metadata.get("uid", "")),
        created=_epoch(metadata.get("creationTimestamp")),
        resource_version=str(metadata.get("resourceVersion", "")),
        finalizers=tuple(metadata.get("finalizers") or ()),
        terminating="deletionTimestamp" in metadata,
        last_applied=str((metadata.get("annotations") or {}).get(LAST_APPLIED, "")),
        owner=_maker(metadata),
        owners=tuple(str(each.get("uid", "")) for each in metadata.get("ownerReferences") or ()),
        manifest=manifest,
    )


def to_recreate(manifest: Mapping[str, object]) -> dict[str, Any]:
    """A copy that can be created: without status and without what the server sets."""
    body: dict[str, Any] = copy.deepcopy(dict(manifest))
    body.pop("status", None)
    body["metadata"] = {
        name: value for name, value in (body.get("metadata") or {}).items() if name not in _SERVER_OWNED
    }
    return body


def without_allocations(body: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a service that lets the server choose its addresses anew."""
    spec = body.get("spec")
    if not isinstance(spec, dict) or spec.get("clusterIP") == "None":
        return dict(body)
    return {**body, "spec": {name: value for name, value in spec.items() if name not in _ALLOCATED}}


def _epoch(stamp: object) -> float:
    return datetime.fromisoformat(str(stamp)).timestamp() if stamp else 0.0


def _maker(metadata: Mapping[str, Any]) -> str:
    """The first field manager that touched the object: who made it. Anybody may write that name."""
    managers = metadata.get("managedFields") or ()
    first = min(managers, key=lambda each: str(each.get("time", "")), default=None)
    return safe_text(str(first.get("manager", ""))) if first else ""
