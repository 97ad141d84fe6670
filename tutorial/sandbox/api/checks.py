"""What a request must fulfil before its object is stored: names, namespace, references, preconditions.

Called by `tutorial.sandbox.api.objects`. Each raises ApiError with the answer of a real API server.
"""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.api import errors
from tutorial.sandbox.resources import NAMESPACE, POD, SERVICE_ACCOUNT, ResourceType
from tutorial.sandbox.store.store import Store

Object = dict[str, Any]


def check_identity(resource: ResourceType, namespace: str | None, obj: Object) -> None:
    """An object to be created names no revision, and no other namespace than its URL."""
    meta = obj.setdefault("metadata", {})
    if meta.get("resourceVersion"):
        raise errors.bad_request("resourceVersion should not be set on objects to be created")
    if resource.namespaced and meta.get("namespace") not in (None, "", namespace):
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def open_namespace(store: Store, resource: ResourceType, namespace: str | None, obj: Object) -> Object | None:
    """The namespace that `obj` is created in; None for what has none. It must be there, and not be
    being deleted."""
    if not resource.namespaced or namespace is None:
        return None
    space = store.get(NAMESPACE, None, namespace)
    if space is None:
        raise errors.not_found(NAMESPACE, namespace)
    if "deletionTimestamp" in space["metadata"]:
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        raise errors.forbidden(resource, obj["metadata"].get("name", ""), why, [cause])
    return space


def check_references(store: Store, pod: Object) -> None:
    """A pod's service account and priority class must be there. The default account is made a moment
    after its namespace, and not waited for."""
    meta, spec = pod["metadata"], pod["spec"]
    name = meta.get("generateName") or meta.get("name", "")
    account = spec["serviceAccountName"]
    if account != "default" and store.get(SERVICE_ACCOUNT, meta["namespace"], account) is None:
        where = f"{meta['namespace']}/{account}"
        why = f'error looking up service account {where}: serviceaccount "{account}" not found'
        raise errors.forbidden(POD, name, why)
    priority = spec.get("priorityClassName", "")
    if priority and not priority.startswith("system-"):
        raise errors.forbidden(POD, name, f"no PriorityClass with name {priority} was found")


def check_preconditions(resource: ResourceType, old: Object, new: Object) -> None:
    """A uid or revision that a write names must be the present one."""
    before, wanted = old["metadata"], new.get("metadata", {})
    uid, revision = wanted.get("uid"), wanted.get("resourceVersion")
    if uid and uid != before["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {before['uid']}"
        raise errors.conflict(resource, before["name"], why)
    if revision and revision != before["resourceVersion"]:
        raise errors.modified(resource, before["name"])


def check_names(old: Object, new: Object) -> None:
    """A patch changes neither the object's name nor its namespace."""
    before, asked = old["metadata"], new.get("metadata", {})
    if asked.get("name") != before.get("name"):
        raise errors.bad_request(
            f"the name of the object ({asked.get('name', '')}) does not match the name on the URL"
            f" ({before['name']})"
        )
    if asked.get("namespace") != before.get("namespace"):
        raise errors.bad_request("the namespace of the object does not match the namespace on the request")
