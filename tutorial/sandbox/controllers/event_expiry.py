"""Deletes Events that nobody will look at any more: those of more than an hour ago, as Kubernetes
does, and all but the latest few hundred of a namespace, so that a sandbox that is kept does not grow."""

from __future__ import annotations

from collections.abc import Iterable

from tutorial.sandbox.controllers.controller import Controller
from tutorial.sandbox.controllers.queue import Key
from tutorial.sandbox.ports import Change, Object
from tutorial.sandbox.resources import EVENT, ResourceType
from tutorial.sandbox.times import age

SECONDS_KEPT = 3600.0
MOST_KEPT = 500


class EventExpiry(Controller):
    """Looks at a namespace's Events together, after a new one and when the oldest has to go."""

    watches = (EVENT,)

    def keys(self, resource: ResourceType, change: Change) -> Iterable[Key]:
        if resource is not EVENT or change.type != "ADDED":
            return []
        return [Key(change.object["metadata"]["namespace"], "")]

    def reconcile(self, key: Key) -> float | None:
        events = sorted(self.objects.list(EVENT, key.namespace), key=_last_seen)
        surplus = len(events) - MOST_KEPT
        expired = [
            event
            for number, event in enumerate(events)
            if number < surplus or age(_last_seen(event)) > SECONDS_KEPT
        ]
        for event in expired:
            metadata = event["metadata"]
            self.objects.delete(EVENT, metadata["namespace"], metadata["name"], uid=metadata["uid"])
        kept = events[len(expired) :]
        return max(SECONDS_KEPT - age(_last_seen(kept[0])), 1) if kept else None


def _last_seen(event: Object) -> str:
    """The time of the last write of it, as its owner tells it or as the server knows it."""
    return str(event.get("lastTimestamp") or event["metadata"]["creationTimestamp"])
