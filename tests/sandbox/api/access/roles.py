"""Clusters with the roles and bindings of a test."""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.api.access.rbac import Rbac, Rule
from tutorial.sandbox.api.access.user import ALL_AUTHENTICATED, User
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.resources import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    RBAC_GROUP,
    ROLE,
    ROLE_BINDING,
    ResourceType,
)
from tutorial.sandbox.schemas import Schemas
from tutorial.sandbox.store.store import Store

Object = dict[str, Any]

JANE = User("jane", ("devs", ALL_AUTHENTICATED))
SUBJECT = {"kind": "User", "apiGroup": RBAC_GROUP, "name": "jane"}


class Cluster:
    """Roles are stored as they are given; `rbac` judges by them."""

    def __init__(self) -> None:
        self.objects = ObjectsFacade(Store(), Schemas.load())
        self.rbac = Rbac(self.objects)

    def in_namespace(self, namespace: str, *rules: Rule, subject: Object = SUBJECT) -> None:
        """Give rules in one namespace."""
        self._put(ROLE, namespace, {"rules": list(rules)})
        self._bind(ROLE_BINDING, namespace, "Role", subject)

    def everywhere(self, *rules: Rule, subject: Object = SUBJECT) -> None:
        """Give rules in the whole cluster."""
        self._put(CLUSTER_ROLE, None, {"rules": list(rules)})
        self._bind(CLUSTER_ROLE_BINDING, None, "ClusterRole", subject)

    def _bind(self, resource: ResourceType, namespace: str | None, kind: str, subject: Object) -> None:
        reference = {"apiGroup": RBAC_GROUP, "kind": kind, "name": "test"}
        self._put(resource, namespace, {"roleRef": reference, "subjects": [subject]})

    def _put(self, resource: ResourceType, namespace: str | None, content: Object) -> None:
        metadata: Object = {"name": "test", "uid": "1"}
        if namespace:
            metadata["namespace"] = namespace
        body = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **content}
        self.objects.store.put(resource, body)


def rule(verbs: str, resources: str, group: str = "", names: str = "") -> Rule:
    """A rule from words: `rule("get list", "pods pods/log")`."""
    found: Rule = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}
    if names:
        found["resourceNames"] = names.split()
    return found
