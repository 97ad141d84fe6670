"""Events: what happened to an object, which `kubectl describe` and `kubectl get events` show.

Made by each part that has something to tell: the controllers, the kubelet, the scheduler, the mesh.
"""

from __future__ import annotations

import time

from tutorial.sandbox.ports import Object, Objects
from tutorial.sandbox.resources import EVENT
from tutorial.sandbox.status import ApiError
from tutorial.sandbox.times import now

_REMEMBERED = 1000


class EventRecorder:
    """Writes the Events of one component; what repeats is counted in one Event.

    Args:
        component: who tells it: `deployment-controller`, `kubelet`.
        host: the node on which it does.
    """

    def __init__(self, objects: Objects, component: str, host: str = "") -> None:
        self._objects = objects
        self._component = component
        self._host = host
        self._names: dict[tuple[str, str, str, str], str] = {}

    def normal(self, involved: Object, reason: str, message: str, *, field_path: str = "") -> None:
        """Something that is as it should be; `field_path` is the part of the object that it is about."""
        self._record(involved, "Normal", reason, message, field_path)

    def warning(self, involved: Object, reason: str, message: str, *, field_path: str = "") -> None:
        """Something that somebody may have to look at."""
        self._record(involved, "Warning", reason, message, field_path)

    def _record(self, involved: Object, kind: str, reason: str, message: str, field_path: str) -> None:
        """Events are a courtesy: one that cannot be written (its namespace goes) is dropped."""
        seen = (involved["metadata"]["uid"], field_path, reason, message)
        namespace = involved["metadata"].get("namespace", "default")
        try:
            if seen in self._names and self._count(namespace, self._names[seen]):
                return
            event = self._event(involved, namespace, field_path)
            event |= {"type": kind, "reason": reason, "message": message}
            created = self._objects.create(EVENT, namespace, event)
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

    def _event(self, involved: Object, namespace: str, field_path: str) -> Object:
        """The name ends in the time, so that a list of one object's events is in their order."""
        metadata = involved["metadata"]
        reference = {
            "apiVersion": involved["apiVersion"],
            "kind": involved["kind"],
            "name": metadata["name"],
            "namespace": metadata.get("namespace"),
            "resourceVersion": metadata.get("resourceVersion"),
            "uid": metadata["uid"],
            "fieldPath": field_path,
        }
        source = {"component": self._component, "host": self._host}
        moment = now()
        return {
            "metadata": {"name": f"{metadata['name']}.{time.time_ns():x}", "namespace": namespace},
            "involvedObject": {name: value for name, value in reference.items() if value},
            "count": 1,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "source": {name: value for name, value in source.items() if value},
            "reportingComponent": self._component,
            "reportingInstance": self._host,
        }
