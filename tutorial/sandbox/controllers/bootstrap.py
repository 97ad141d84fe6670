"""What a cluster has from its first moment: roles, namespaces, the API's own service and the
definitions of Istio's kinds (the kubelet adds its node). Those that Kubernetes cannot be without come
back when they are deleted.

Used by `ControllerManager.start`: `bootstrap` before the controllers run, the controller among them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tutorial.sandbox.controllers.controller import Controller
from tutorial.sandbox.controllers.custom_definitions import custom_definitions
from tutorial.sandbox.controllers.default_roles import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from tutorial.sandbox.controllers.queue import Key
from tutorial.sandbox.ports import Change, Object, Objects
from tutorial.sandbox.resources import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CUSTOM_RESOURCE_DEFINITION,
    NAMESPACE,
    SERVICE,
    ResourceType,
)
from tutorial.sandbox.status import ApiError

_NAMESPACES: dict[str, dict[str, str]] = {
    "default": {"istio-injection": "enabled"},
    "istio-system": {},
    "kube-node-lease": {},
    "kube-public": {},
    "kube-system": {},
}
_KUBERNETES: Object = {
    "metadata": {
        "name": "kubernetes",
        "namespace": "default",
        "labels": {"component": "apiserver", "provider": "kubernetes"},
    },
    "spec": {
        "clusterIP": "10.96.0.1",
        "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
    },
}
_LEASES = "kube-node-lease"


class BootstrapController(Controller):
    """Makes the API's own service and the namespace of the nodes' leases anew, as the API server does
    (the other namespaces of Kubernetes' own cannot be deleted)."""

    watches = (NAMESPACE, SERVICE)

    def keys(self, resource: ResourceType, change: Change) -> Iterable[Key]:
        if change.type != "DELETED":
            return []
        metadata = change.object["metadata"]
        key = Key(metadata.get("namespace", ""), metadata["name"])
        wanted = Key("default", "kubernetes") if resource is SERVICE else Key("", _LEASES)
        return [key] if key == wanted else []

    def reconcile(self, key: Key) -> float | None:
        if key.namespace:
            _ensure(self.objects, SERVICE, _KUBERNETES)
        else:
            _make_namespace(self.objects, key.name)
        return None


def bootstrap(objects: Objects) -> None:
    """Make what is missing."""
    for role in CLUSTER_ROLES:
        _ensure(objects, CLUSTER_ROLE, role)
    for binding in CLUSTER_ROLE_BINDINGS:
        _ensure(objects, CLUSTER_ROLE_BINDING, binding)
    for name in _NAMESPACES:
        _make_namespace(objects, name)
    _ensure(objects, SERVICE, _KUBERNETES)
    for definition in custom_definitions():
        _ensure(objects, CUSTOM_RESOURCE_DEFINITION, definition)


def _make_namespace(objects: Objects, name: str) -> None:
    _ensure(objects, NAMESPACE, {"metadata": {"name": name, "labels": _NAMESPACES[name]}})


def _ensure(objects: Objects, resource: ResourceType, obj: dict[str, Any]) -> None:
    try:
        objects.create(resource, obj["metadata"].get("namespace"), obj)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
