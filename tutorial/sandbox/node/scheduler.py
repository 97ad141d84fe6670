"""The scheduler: binds pods to the node where they fit, and says why those that wait do.

Made by `tutorial.sandbox.supervisor`; meets the other parts through watches on pods and nodes. It
filters as Kubernetes' scheduler does by the node's `unschedulable`, taints, `nodeSelector`, required
node affinity and requested resources; with one node there is nothing to score.
Source of the words: kube-scheduler 1.36.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tutorial.sandbox.events import EventRecorder
from tutorial.sandbox.net.watching import Watcher
from tutorial.sandbox.node.fitting import Misfit, misfit
from tutorial.sandbox.ports import Object, Objects
from tutorial.sandbox.resources import NODE, POD
from tutorial.sandbox.status import ApiError
from tutorial.sandbox.times import now

NAME = "default-scheduler"
_ENDED = ("Succeeded", "Failed")
_NO_VICTIMS = "No preemption victims found for incoming pod"
_NOT_HELPFUL = "Preemption is not helpful for scheduling"


class Scheduler:
    """Gives every pod of `default-scheduler` a node."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._events = EventRecorder(objects, NAME)
        self._watcher = Watcher(objects, (NODE, POD), self._reconcile)

    async def start(self) -> None:
        """Begin to schedule."""
        await self._watcher.start()

    async def stop(self) -> None:
        """Pods that wait stay as they are."""
        await self._watcher.stop()

    async def _reconcile(self) -> None:
        pods = self._objects.list(POD)
        waiting = [pod for pod in pods if _waits(pod)]
        if not waiting:
            return
        nodes = self._objects.list(NODE)
        running = [pod for pod in pods if "nodeName" in pod["spec"] and _occupies(pod)]
        for pod in waiting:
            misfits = {node["metadata"]["name"]: misfit(pod, node, running) for node in nodes}
            fitting = next((name for name, why in misfits.items() if why is None), None)
            if fitting is not None:
                running += self._bind(pod, fitting)
            else:
                self._leave(pod, _refusal([why for why in misfits.values() if why is not None]))

    def _bind(self, pod: Object, node: str) -> list[Object]:
        """Nothing when the pod is gone or was changed meanwhile: the watch tells."""
        meta = pod["metadata"]
        try:
            bound = self._objects.bind(pod, node)
        except ApiError:
            return []
        where = f"{meta['namespace']}/{meta['name']} to {node}"
        self._events.normal(bound, "Scheduled", f"Successfully assigned {where}")
        return [bound]

    def _leave(self, pod: Object, why: str) -> None:
        """The pod waits: its condition says why, and an event for each new reason."""
        conditions = pod.get("status", {}).get("conditions", [])
        present: Object = next((c for c in conditions if c["type"] == "PodScheduled"), {})
        if present.get("message") == why:
            return
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": why,
            "lastProbeTime": None,
            "lastTransitionTime": present.get("lastTransitionTime") or now(),
        }
        generation = pod["metadata"].get("generation")
        if generation is not None:
            condition["observedGeneration"] = generation
        others = [c for c in conditions if c is not present]
        status = {**pod.get("status", {}), "conditions": [*others, condition]}
        try:
            self._objects.update_status(POD, {**pod, "status": status})
        except ApiError:
            return
        self._events.warning(pod, "FailedScheduling", why)


def _waits(pod: Object) -> bool:
    spec = pod["spec"]
    return (
        "nodeName" not in spec
        and spec.get("schedulerName", NAME) == NAME
        and not spec.get("schedulingGates")
        and "deletionTimestamp" not in pod["metadata"]
        and _occupies(pod)
    )


def _occupies(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") not in _ENDED


def _refusal(misfits: Sequence[Misfit]) -> str:
    """Why no node will do, as the scheduler sums it up."""
    if not misfits:
        return "no nodes available to schedule pods"
    available = f"0/{len(misfits)} nodes are available: "
    reasons = Counter(reason for one in misfits for reason in one.reasons)
    summary = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    preemption = Counter(
        "No preemption victims found for incoming pod"
        if one.could_preempt
        else "Preemption is not helpful for scheduling"
        for one in misfits
    )
    helpless = ", ".join(sorted(f"{count} {why}" for why, count in preemption.items()))
    return f"{available}{summary}. no new claims to deallocate, preemption: {available}{helpless}."
