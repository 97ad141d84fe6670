"""The node controller's part in taints: a cordoned node is tainted, and pods that do not tolerate a
`NoExecute` taint of their node have to go."""

from __future__ import annotations

from collections.abc import Iterable

from tutorial.sandbox.controllers.controller import Controller
from tutorial.sandbox.controllers.ownership import is_terminating
from tutorial.sandbox.controllers.queue import Key
from tutorial.sandbox.events import EventRecorder
from tutorial.sandbox.ports import Change, Object, Objects
from tutorial.sandbox.resources import NODE, POD, ResourceType
from tutorial.sandbox.taints import UNSCHEDULABLE, seconds_tolerated
from tutorial.sandbox.times import age, now


class TaintController(Controller):
    """Keeps the taint of cordoned nodes, and evicts pods."""

    watches = (NODE, POD)

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects)
        self._events = EventRecorder(objects, "taint-eviction-controller")

    def keys(self, resource: ResourceType, change: Change) -> Iterable[Key]:
        if resource is NODE:
            return [Key("", change.object["metadata"]["name"])]
        node = change.object["spec"].get("nodeName")
        return [Key("", node)] if node else []

    def reconcile(self, key: Key) -> float | None:
        node = self.find(NODE, key)
        if node is None:
            return None
        node = self._mark_cordoned(node)
        taints = [taint for taint in node.get("spec", {}).get("taints", ()) if taint["effect"] == "NoExecute"]
        if not taints:
            return None
        waits = [
            wait
            for pod in self.objects.list(POD)
            if pod["spec"].get("nodeName") == key.name and not is_terminating(pod)
            if (wait := self._evict(pod, taints)) is not None
        ]
        return min(waits, default=None)

    def _mark_cordoned(self, node: Object) -> Object:
        """Kubernetes taints a node as long as it is unschedulable, so that tolerations can tell."""
        spec = node.get("spec", {})
        taints = spec.get("taints", [])
        marked = any(taint["key"] == UNSCHEDULABLE for taint in taints)
        cordoned = bool(spec.get("unschedulable"))
        if marked == cordoned:
            return node
        others = [taint for taint in taints if taint["key"] != UNSCHEDULABLE]
        mark = {"key": UNSCHEDULABLE, "effect": "NoSchedule", "timeAdded": now()}
        marked_spec = {**spec, "taints": [*others, mark] if cordoned else others}
        return self.objects.update(NODE, {**node, "spec": marked_spec})

    def _evict(self, pod: Object, taints: list[Object]) -> float | None:
        """Delete a pod that has been here long enough. The seconds that it still may stay, if any."""
        waits = []
        for taint in taints:
            tolerated = seconds_tolerated(pod["spec"].get("tolerations", ()), taint)
            if tolerated is not None:
                waits.append(tolerated - (age(taint["timeAdded"]) if "timeAdded" in taint else 0))
        if not waits:
            return None
        if min(waits) > 0:
            return min(waits)
        meta = pod["metadata"]
        where = f"{meta['namespace']}/{meta['name']}"
        self._events.normal(pod, "TaintManagerEviction", f"Marking for deletion Pod {where}")
        self.objects.delete(POD, meta["namespace"], meta["name"], uid=meta["uid"])
        return None
