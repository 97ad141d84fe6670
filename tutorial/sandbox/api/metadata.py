"""The server's part of an object's metadata: identity, times, generated names, generation.

Called by `tutorial.sandbox.api.objects` on every write.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime
from typing import Any

import orjson

from tutorial.sandbox.resources import RBAC_GROUP, ResourceType

Object = dict[str, Any]

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_WITHOUT_GENERATION = frozenset(
    {
        ("", "services"),
        ("", "endpoints"),
        ("", "namespaces"),
        ("", "nodes"),
        ("", "serviceaccounts"),
        ("", "configmaps"),
        ("", "secrets"),
        ("", "events"),
        (RBAC_GROUP, "roles"),
        (RBAC_GROUP, "rolebindings"),
        (RBAC_GROUP, "clusterroles"),
        (RBAC_GROUP, "clusterrolebindings"),
        ("coordination.k8s.io", "leases"),
    }
)
_SERVER_FIELDS = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")


def clone(obj: Object) -> Object:
    """A deep copy of a JSON-ready object."""
    copied: Object = orjson.loads(orjson.dumps(obj))
    return copied


def timestamp(moment: datetime | None = None) -> str:
    """A time as in Kubernetes' metadata: UTC, whole seconds."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def generated_name(prefix: str) -> str:
    """`prefix` and five letters that spell no word; names stay within 63 characters."""
    return prefix[:58] + "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(5))


def has_generation(resource: ResourceType) -> bool:
    return resource.storage_key not in _WITHOUT_GENERATION


def fill_on_create(resource: ResourceType, obj: Object, namespace: str | None) -> None:
    """Give a new object its identity, in place."""
    metadata = obj.setdefault("metadata", {})
    for name in (*_SERVER_FIELDS, "resourceVersion", "selfLink"):
        metadata.pop(name, None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = generated_name(metadata["generateName"])
    if resource.namespaced:
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)
    metadata["uid"] = str(uuid.uuid4())
    metadata["creationTimestamp"] = timestamp()
    if has_generation(resource):
        metadata["generation"] = 1
    if resource.plural == "namespaces" and not resource.group:
        metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata.get("name", "")


def carry_over(obj: Object, old: Object) -> None:
    """Put back what no update may change, in place."""
    metadata, before = obj.setdefault("metadata", {}), old["metadata"]
    for name in (*_SERVER_FIELDS, "namespace", "name", "resourceVersion", "generateName"):
        if name in before:
            metadata[name] = before[name]
        else:
            metadata.pop(name, None)
    if before.get("labels", {}).get("kubernetes.io/metadata.name") and "namespace" not in before:
        metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = before["name"]


def bump_generation(resource: ResourceType, obj: Object, old: Object) -> None:
    """Count a change of what is wanted: everything but metadata and status."""
    if has_generation(resource) and _wanted(obj) != _wanted(old):
        obj["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def _wanted(obj: Object) -> Object:
    return {
        key: value for key, value in obj.items() if key not in ("metadata", "status", "apiVersion", "kind")
    }


def in_order(obj: Object) -> Object:
    """The object with the keys that the server writes first in front."""
    front: Object = {key: obj[key] for key in ("kind", "apiVersion", "metadata") if key in obj}
    return {**front, **obj}


def drop_empty_metadata(obj: Object) -> None:
    """Take out empty labels, annotations, finalizers and owners, as the server stores none."""
    metadata = obj["metadata"]
    for name in ("labels", "annotations", "finalizers", "ownerReferences"):
        if name in metadata and not metadata[name]:
            del metadata[name]
