"""Kubernetes objects as the engine wants them. Pure.

Called by `tutorial.backends.cluster`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tutorial.engine.manifests import LAST_APPLIED
from tutorial.engine.ports import ObjectState
from tutorial.steps.model import ObjectReference
from tutorial.text.escapes import safe_text


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


def _epoch(stamp: object) -> float:
    return datetime.fromisoformat(str(stamp)).timestamp() if stamp else 0.0


def _maker(metadata: Mapping[str, Any]) -> str:
    """The first field manager that touched the object: who made it. Anybody may write that name. None makes
    an object by a subresource: a controller that wrote its status, perhaps in the same second, did not."""
    managers = metadata.get("managedFields") or ()
    first = min(managers, key=_order, default=None)
    return safe_text(str(first.get("manager", ""))) if first else ""


def _order(manager: Mapping[str, Any]) -> tuple[bool, str]:
    return bool(manager.get("subresource")), str(manager.get("time", ""))
