"""A Deployment's status: counts and conditions, as `kubectl rollout status` and `get` read them.

Used by `deployment.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tutorial.sandbox.controllers.rolling_update import available, bounds
from tutorial.sandbox.ports import Object
from tutorial.sandbox.times import age, now

Condition = dict[str, Any]


def status_of(deployment: Object, new: Object | None, olds: Sequence[Object], progress: str) -> Object:
    """The status to write.

    Args:
        progress: why the rollout moved in this look (`NewReplicaSetCreated`, `FoundNewReplicaSet`),
            empty when it did not.
    """
    everyone = [*([new] if new else []), *olds]
    wanted = deployment["spec"]["replicas"]
    usable = sum(available(one) for one in everyone)
    counts = {
        "replicas": _total(everyone, "replicas"),
        "updatedReplicas": _total([new] if new else [], "replicas"),
        "readyReplicas": _total(everyone, "readyReplicas"),
        "availableReplicas": usable,
        "unavailableReplicas": max(0, max(wanted, _total(everyone, "replicas")) - usable),
    }
    before = deployment.get("status", {})
    status: Object = {
        "observedGeneration": deployment["metadata"]["generation"],
        **{name: count for name, count in counts.items() if count},
    }
    if before.get("collisionCount"):
        status["collisionCount"] = before["collisionCount"]
    present = {condition["type"]: condition for condition in before.get("conditions", ())}
    progressing = _progressing(deployment, new, counts, progress)
    wanted_conditions = [_availability(deployment, usable), progressing]
    status["conditions"] = [
        merged(present.get(c["type"]), c, touched=counts != _counts(before))
        for c in wanted_conditions
        if c is not None
    ]
    return status


def is_complete(deployment: Object, status: Object) -> bool:
    """Every pod is of the new template and available, and no other is left."""
    wanted = deployment["spec"]["replicas"]
    return all(status.get(name, 0) == wanted for name in ("updatedReplicas", "replicas", "availableReplicas"))


def seconds_to_deadline(deployment: Object) -> float | None:
    """How long the rollout may still stand still; None when it does not progress any more."""
    for condition in deployment.get("status", {}).get("conditions", ()):
        if condition["type"] == "Progressing" and condition["status"] == "True":
            if condition["reason"] == "NewReplicaSetAvailable":
                return None
            limit: int = deployment["spec"].get("progressDeadlineSeconds", 600)
            return max(limit - age(condition["lastUpdateTime"]), 0)
    return None


def _total(replica_sets: Sequence[Object], count: str) -> int:
    return sum(one.get("status", {}).get(count, 0) for one in replica_sets)


def _counts(status: Object) -> dict[str, int]:
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
    return {name: status.get(name, 0) for name in names}


def _availability(deployment: Object, usable: int) -> Condition:
    if usable >= deployment["spec"]["replicas"] - bounds(deployment)[1]:
        return _condition(
            "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
        )
    return _condition(
        "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
    )


def _progressing(
    deployment: Object, new: Object | None, counts: dict[str, int], progress: str
) -> Condition | None:
    """None while there is nothing to say: a paused Deployment without a replica set."""
    if new is None:
        return None
    name = new["metadata"]["name"]
    reason = _progress_reason(deployment, counts, progress)
    message = _PROGRESS_MESSAGES[reason].format(f'"{name}"')
    return _condition("Progressing", str(reason != "ProgressDeadlineExceeded"), reason, message)


_PROGRESS_MESSAGES = {
    "NewReplicaSetAvailable": "ReplicaSet {} has successfully progressed.",
    "NewReplicaSetCreated": "Created new replica set {}",
    "FoundNewReplicaSet": "Found new replica set {}",
    "ReplicaSetUpdated": "ReplicaSet {} is progressing.",
    "ProgressDeadlineExceeded": "ReplicaSet {} has timed out progressing.",
}


def _progress_reason(deployment: Object, counts: dict[str, int], progress: str) -> str:
    """Why a rollout is where it is: done, just moved, still waiting as before, or stuck."""
    if is_complete(deployment, counts):
        return "NewReplicaSetAvailable"
    status = deployment.get("status", {})
    present = next((c for c in status.get("conditions", ()) if c["type"] == "Progressing"), None)
    if progress or present is None or counts != _counts(status):
        return progress or "ReplicaSetUpdated"
    if seconds_to_deadline(deployment) == 0:
        return "ProgressDeadlineExceeded"
    reason: str = present["reason"]
    return "ReplicaSetUpdated" if reason == "NewReplicaSetAvailable" else reason


def _condition(kind: str, status: str, reason: str, message: str) -> Condition:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def merged(present: Condition | None, wanted: Condition, *, touched: bool) -> Condition:
    """The wanted condition with its times: those of the present one while nothing changed; a
    progressing one is renewed whenever the rollout moved."""
    moment = now()
    if present is None or present["status"] != wanted["status"]:
        return {**wanted, "lastUpdateTime": moment, "lastTransitionTime": moment}
    same = present["reason"] == wanted["reason"] and present["message"] == wanted["message"]
    renewed = not same or (touched and wanted["type"] == "Progressing")
    return {
        **wanted,
        "lastUpdateTime": moment if renewed else present["lastUpdateTime"],
        "lastTransitionTime": present["lastTransitionTime"],
    }
