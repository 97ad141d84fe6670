"""The namespace controller: what every namespace has, and how one that is deleted is emptied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tutorial.sandbox.controllers.controller import Controller
from tutorial.sandbox.controllers.ownership import is_terminating
from tutorial.sandbox.controllers.queue import Key
from tutorial.sandbox.ports import Change, Object, Objects
from tutorial.sandbox.resources import CONFIG_MAP, NAMESPACE, RESOURCES, SERVICE_ACCOUNT, ResourceType
from tutorial.sandbox.status import ApiError
from tutorial.sandbox.times import now

ROOT_CERTIFICATE = "kube-root-ca.crt"
_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints "
    "such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
    "distributions of Kubernetes clusters."
)

NAMESPACED: tuple[ResourceType, ...] = tuple(
    {r.storage_key: r for r in RESOURCES if r.namespaced and not r.virtual}.values()
)
"""One type for each kind of stored object that lives in a namespace."""


_FAILURES = (
    (
        "NamespaceDeletionDiscoveryFailure",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
)
"""What can fail when a namespace goes, and what is said as long as it has not."""


class NamespaceController(Controller):
    """Gives every namespace its `default` service account and root certificate; deletes all that
    is in a terminating one, and then lets it go."""

    watches = (NAMESPACE, *NAMESPACED)

    def __init__(self, objects: Objects, root_certificate: str) -> None:
        super().__init__(objects)
        self._root_certificate = root_certificate

    def keys(self, resource: ResourceType, change: Change) -> Iterable[Key]:
        if resource is NAMESPACE:
            return [Key("", change.object["metadata"]["name"])]
        namespace = change.object["metadata"]["namespace"]
        return [Key("", namespace)] if change.type == "DELETED" else []

    def reconcile(self, key: Key) -> float | None:
        namespace = self.find(NAMESPACE, key)
        if namespace is None:
            return None
        if is_terminating(namespace):
            self._empty(namespace)
        else:
            self._furnish(key.name)
        return None

    def _furnish(self, name: str) -> None:
        self._ensure(SERVICE_ACCOUNT, name, {"metadata": {"name": "default", "namespace": name}})
        metadata = {
            "name": ROOT_CERTIFICATE,
            "namespace": name,
            "annotations": {"kubernetes.io/description": _DESCRIPTION},
        }
        data = {"ca.crt": self._root_certificate}
        self._ensure(CONFIG_MAP, name, {"metadata": metadata, "data": data})

    def _ensure(self, resource: ResourceType, namespace: str, obj: Object) -> None:
        if self.find(resource, Key(namespace, obj["metadata"]["name"])) is None:
            self.objects.create(resource, namespace, obj)

    def _empty(self, namespace: Object) -> None:
        name = namespace["metadata"]["name"]
        for resource in NAMESPACED:
            for obj in self.objects.list(resource, name):
                if not is_terminating(obj):
                    self._delete(resource, obj)
        remaining = {r: found for r in NAMESPACED if (found := self.objects.list(r, name))}
        if remaining:
            self._explain(namespace, remaining)
        elif namespace["spec"].get("finalizers"):
            self.objects.update(NAMESPACE, {**namespace, "spec": {**namespace["spec"], "finalizers": []}})

    def _delete(self, resource: ResourceType, obj: Object) -> None:
        """Another controller may have been faster."""
        metadata = obj["metadata"]
        try:
            self.objects.delete(resource, metadata["namespace"], metadata["name"], uid=metadata["uid"])
        except ApiError as error:
            if error.reason != "NotFound":
                raise

    def _explain(self, namespace: Object, remaining: dict[ResourceType, Any]) -> None:
        """Say in the namespace's status what is still there and which finalizers hold it."""
        kinds = [
            f"{_qualified(resource)} has {len(found)} resource instances"
            for resource, found in remaining.items()
        ]
        counts: dict[str, int] = {}
        for found in remaining.values():
            for obj in found:
                for finalizer in obj["metadata"].get("finalizers", ()):
                    counts[finalizer] = counts.get(finalizer, 0) + 1
        wanted = [
            *(_condition(kind, reason, message, "False") for kind, reason, message in _FAILURES),
            _condition(
                "NamespaceContentRemaining",
                "SomeResourcesRemain",
                "Some resources are remaining: " + ", ".join(sorted(kinds)),
            ),
        ]
        if counts:
            held = [f"{name} in {count} resource instances" for name, count in sorted(counts.items())]
            message = "Some content in the namespace has finalizers remaining: " + ", ".join(held)
            wanted.append(_condition("NamespaceFinalizersRemaining", "SomeFinalizersRemain", message))
        else:
            message = "All content-preserving finalizers finished"
            wanted.append(
                _condition("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", message, "False")
            )
        present = namespace.get("status", {}).get("conditions", ())
        if [_without_time(condition) for condition in present] != [_without_time(c) for c in wanted]:
            status = {**namespace.get("status", {}), "conditions": wanted}
            self.objects.update_status(NAMESPACE, {**namespace, "status": status})


def _qualified(resource: ResourceType) -> str:
    return f"{resource.plural}.{resource.group}"


def _condition(kind: str, reason: str, message: str, status: str = "True") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now()}


def _without_time(condition: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in condition.items() if name != "lastTransitionTime"}
