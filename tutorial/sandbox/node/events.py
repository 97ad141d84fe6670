"""Events: what happened to a pod, for `kubectl get events` and `describe`.

Written by the kubelet's parts through the API, as the kubelet and the scheduler write them.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import UTC, datetime

from tutorial.sandbox.ports import Object, Objects
from tutorial.sandbox.resources import EVENT
from tutorial.sandbox.status import ApiError

KUBELET = "kubelet"
SCHEDULER = "default-scheduler"


def now() -> str:
    """The time as objects carry it, in whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class EventRecorder:
    """Records events about pods. An event that cannot be stored (its namespace is going) is lost,
    as in a cluster."""

    def __init__(self, objects: Objects, node_name: str) -> None:
        self._objects = objects
        self._node_name = node_name

    def record(
        self,
        pod: Object,
        reason: str,
        message: str,
        *,
        container: str = "",
        warning: bool = False,
        component: str = KUBELET,
    ) -> None:
        """Tell of `reason` (`Started`); `container` when it is about one."""
        meta = pod["metadata"]
        involved = {
            "kind": "Pod",
            "namespace": meta["namespace"],
            "name": meta["name"],
            "uid": meta["uid"],
            "apiVersion": "v1",
            "resourceVersion": meta.get("resourceVersion", ""),
        }
        if container:
            involved["fieldPath"] = f"spec.containers{{{container}}}"
        source = {"component": component}
        if component == KUBELET:
            source["host"] = self._node_name
        moment = now()
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{meta['name']}.{secrets.token_hex(8)}",
                "namespace": meta["namespace"],
            },
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": source,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
            "type": "Warning" if warning else "Normal",
            "reportingComponent": component,
            "reportingInstance": self._node_name if component == KUBELET else "",
        }
        with suppress(ApiError):
            self._objects.create(EVENT, meta["namespace"], event)
