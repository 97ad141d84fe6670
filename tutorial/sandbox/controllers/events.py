"""Records what a controller did as Events, which `kubectl describe` and `kubectl get events` show."""

from __future__ import annotations

import time

from tutorial.sandbox.controllers.times import now
from tutorial.sandbox.ports import Object, Objects
from tutorial.sandbox.resources import EVENT
from tutorial.sandbox.status import ApiError

_REMEMBERED = 1000


class EventRecorder:
    """Writes the Events of one component; what repeats is counted in one Event."""

    def __init__(self, objects: Objects, component: str) -> None:
        self._objects = objects
        self._component = component
        self._names: dict[tuple[str, str, str], str] = {}

    def normal(self, involved: Object, reason: str, message: str) -> None:
        """Something that is as it should be."""
        self._record(involved, "Normal", reason, message)

    def warning(self, involved: Object, reason: str, message: str) -> None:
        """Something that somebody may have to look at."""
        self._record(involved, "Warning", reason, message)

    def _record(self, involved: Object, kind: str, reason: str, message: str) -> None:
        """Events are a courtesy: one that cannot be written (its namespace goes) is dropped."""
        seen = (involved["metadata"]["uid"], reason, message)
        namespace = involved["metadata"].get("namespace", "default")
        try:
            if seen in self._names and self._count(namespace, self._names[seen]):
                return
            created = self._objects.create(
                EVENT, namespace, self._event(involved, namespace, kind, reason, message)
            )
        except ApiError:
            return
        if len(self._names) >= _REMEMBERED:
            del self._names[next(iter(self._names))]
        self._names[seen] = created["metadata"]["name"]

    def _count(self, namespace: str, name: str) -> bool:
        """One more of the same. False when the earlier Event is gone."""
        try:
            event = self._objects.get(EVENT, namespace, name)
        except ApiError:
            return False
        self._objects.update(EVENT, {**event, "count": event["count"] + 1, "lastTimestamp": now()})
        return True

    def _event(self, involved: Object, namespace: str, kind: str, reason: str, message: str) -> Object:
        metadata = involved["metadata"]
        reference = {
            "apiVersion": involved["apiVersion"],
            "kind": involved["kind"],
            "name": metadata["name"],
            "namespace": metadata.get("namespace"),
            "resourceVersion": metadata["resourceVersion"],
            "uid": metadata["uid"],
        }
        moment = now()
        return {
            "metadata": {"name": f"{metadata['name']}.{time.time_ns():x}", "namespace": namespace},
            "involvedObject": {name: value for name, value in reference.items() if value},
            "type": kind,
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "reportingInstance": "",
        }
