"""What a cluster has from its first moment: roles, namespaces and the API's own service (the kubelet
adds its node).

Called by `ControllerManager.start` before the controllers run.
"""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.controllers.default_roles import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from tutorial.sandbox.ports import Object, Objects
from tutorial.sandbox.resources import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
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


def bootstrap(objects: Objects) -> None:
    """Make what is missing."""
    for role in CLUSTER_ROLES:
        _ensure(objects, CLUSTER_ROLE, role)
    for binding in CLUSTER_ROLE_BINDINGS:
        _ensure(objects, CLUSTER_ROLE_BINDING, binding)
    for name, labels in _NAMESPACES.items():
        _ensure(objects, NAMESPACE, {"metadata": {"name": name, "labels": labels}})
    _ensure(objects, SERVICE, _KUBERNETES)


def _ensure(objects: Objects, resource: ResourceType, obj: dict[str, Any]) -> None:
    try:
        objects.create(resource, obj["metadata"].get("namespace"), obj)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
