"""The controller of aggregated ClusterRoles: their rules are those of the roles that they select."""

from __future__ import annotations

from collections.abc import Iterable

from tutorial.sandbox.controllers.controller import Controller
from tutorial.sandbox.controllers.queue import Key
from tutorial.sandbox.ports import Change, Object
from tutorial.sandbox.resources import CLUSTER_ROLE, ResourceType
from tutorial.sandbox.schemas.label_selector import matches


class AggregationController(Controller):
    """Writes the rules of every ClusterRole that has an `aggregationRule`."""

    watches = (CLUSTER_ROLE,)

    def keys(self, resource: ResourceType, change: Change) -> Iterable[Key]:
        """Any role may be selected by any aggregated one."""
        del resource, change
        return [
            Key("", role["metadata"]["name"])
            for role in self.objects.list(CLUSTER_ROLE)
            if role.get("aggregationRule")
        ]

    def reconcile(self, key: Key) -> float | None:
        role = self.find(CLUSTER_ROLE, key)
        if role is None or not role.get("aggregationRule"):
            return None
        rules: list[Object] = []
        for each in self._selected(role):
            rules += [rule for rule in each.get("rules") or () if rule not in rules]
        if rules != (role.get("rules") or []):
            self.objects.update(CLUSTER_ROLE, {**role, "rules": rules})
        return None

    def _selected(self, role: Object) -> list[Object]:
        selectors = role["aggregationRule"].get("clusterRoleSelectors") or ()
        return [
            each
            for each in self.objects.list(CLUSTER_ROLE)
            if each["metadata"]["uid"] != role["metadata"]["uid"]
            and any(matches(selector, each["metadata"].get("labels", {})) for selector in selectors)
        ]
