"""How objects go: preconditions, finalizers, a pod's grace, propagation, protected namespaces.

Called by `tutorial.sandbox.api.objects` and, for DELETE with all its options, by the server.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tutorial.sandbox.api import errors, metadata
from tutorial.sandbox.api.options import DeleteOptions
from tutorial.sandbox.resources import ENDPOINTS, NAMESPACE, POD, SERVICE, SERVICE_ACCOUNT, ResourceType

if TYPE_CHECKING:
    from tutorial.sandbox.api.objects import ObjectsFacade

Object = dict[str, Any]

PROTECTED_NAMESPACES = frozenset({"default", "kube-system", "kube-public"})
_FINALIZER_OF = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
_ANSWERED_WITH_OBJECT = frozenset({POD, SERVICE, SERVICE_ACCOUNT, NAMESPACE})


def delete(objects: ObjectsFacade, resource: ResourceType, obj: Object, options: DeleteOptions) -> Object:
    """Delete `obj`, or mark it when something has to happen first. Returns its last form.

    Raises:
        ApiError: a precondition fails (409), or the namespace is protected (403).
    """
    _check_preconditions(resource, obj, options)
    name = obj["metadata"]["name"]
    if resource is NAMESPACE and name in PROTECTED_NAMESPACES:
        raise errors.forbidden(resource, name, "this namespace may not be deleted")
    grace = _grace_seconds(obj, options) if resource is POD else 0
    marked = _marked(resource, obj, options, grace)
    if options.dry_run:
        return marked
    if is_finished(resource, marked):
        gone = objects.store.remove(resource, obj)
        if resource is SERVICE:
            _delete_endpoints(objects, gone)
        return gone
    return obj if marked == obj else objects.store.put(resource, marked)


def is_finished(resource: ResourceType, obj: Object) -> bool:
    """A marked object that nothing holds any more."""
    meta = obj["metadata"]
    if "deletionTimestamp" not in meta or meta.get("finalizers"):
        return False
    if resource is NAMESPACE:
        return not obj.get("spec", {}).get("finalizers")
    return not meta.get("deletionGracePeriodSeconds")


def answers_with_object(resource: ResourceType, obj: Object) -> bool:
    """Whether DELETE's answer is the object rather than a Status."""
    return resource in _ANSWERED_WITH_OBJECT or bool(obj["metadata"].get("finalizers"))


def _check_preconditions(resource: ResourceType, obj: Object, options: DeleteOptions) -> None:
    meta = obj["metadata"]
    if options.uid and options.uid != meta["uid"]:
        why = f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {meta['uid']}"
        raise errors.conflict(resource, meta["name"], why)
    if options.resource_version and options.resource_version != meta["resourceVersion"]:
        why = (
            f"Precondition failed: ResourceVersion in precondition: {options.resource_version}, "
            f"ResourceVersion in object meta: {meta['resourceVersion']}"
        )
        raise errors.conflict(resource, meta["name"], why)


def _grace_seconds(pod: Object, options: DeleteOptions) -> int:
    """A pod that no node runs, or that ended, needs no grace."""
    status = pod.get("status", {})
    if not pod["spec"].get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
        return 0
    if options.grace_seconds is not None:
        return max(options.grace_seconds, 0)
    return int(pod["spec"].get("terminationGracePeriodSeconds", 30))


def _marked(resource: ResourceType, obj: Object, options: DeleteOptions, grace: int) -> Object:
    """A copy with the marks that this deletion leaves; `obj` itself when it leaves none."""
    before = obj["metadata"]
    meta = dict(before)
    finalizer = _FINALIZER_OF.get(options.propagation)
    if finalizer and finalizer not in meta.get("finalizers", ()):
        others = [f for f in meta.get("finalizers", ()) if f not in _FINALIZER_OF.values()]
        meta["finalizers"] = [*others, finalizer]
    sooner = resource is POD and grace < before.get("deletionGracePeriodSeconds", grace + 1)
    if "deletionTimestamp" not in before or sooner:
        meta["deletionTimestamp"] = metadata.timestamp(datetime.now(UTC) + timedelta(seconds=grace))
        meta["deletionGracePeriodSeconds"] = grace
        if resource is NAMESPACE:
            meta.pop("deletionGracePeriodSeconds")
        if "generation" in before:
            meta["generation"] = before["generation"] + 1
    marked = {**obj, "metadata": meta}
    if resource is NAMESPACE:
        marked["status"] = {**obj.get("status", {}), "phase": "Terminating"}
    return marked


def _delete_endpoints(objects: ObjectsFacade, service: Object) -> None:
    """A Service takes the Endpoints of its name with it."""
    meta = service["metadata"]
    endpoints = objects.store.get(ENDPOINTS, meta["namespace"], meta["name"])
    if endpoints is not None:
        objects.store.remove(ENDPOINTS, endpoints)
