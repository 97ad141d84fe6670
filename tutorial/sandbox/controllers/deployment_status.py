"""A Deployment's status: counts and conditions, as `kubectl rollout status` and `get` read them.

Used by `deployment.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    usable = sum(available(one) for one in everyone)
    replicas = _total(everyone, "replicas")
    counts = {
        "replicas": replicas,
        "updatedReplicas": _total([new] if new else [], "replicas"),
        "readyReplicas": _total(everyone, "readyReplicas"),
        "availableReplicas": usable,
        "unavailableReplicas": max(0, max(deployment["spec"]["replicas"], replicas) - usable),
    }
    before = deployment.get("status", {})
    status: Object = {
        "observedGeneration": deployment["metadata"]["generation"],
        **{name: count for name, count in counts.items() if count},
    }
    if before.get("collisionCount"):
        status["collisionCount"] = before["collisionCount"]
    conditions = list(before.get("conditions", ()))
    if progress and new:
        conditions = with_condition(conditions, _progressing(new, progress))
    conditions = with_condition(conditions, _availability(deployment, usable))
    moved = _moved(_counts(before), counts)
    for condition in _rollout_conditions(deployment, conditions, new, counts, moved=moved):
        conditions = with_condition(conditions, condition, renew=moved)
    failure = _replica_failure(everyone)
    if failure is None:
        conditions = [one for one in conditions if one["type"] != "ReplicaFailure"]
    else:
        conditions = with_condition(conditions, failure)
    status["conditions"] = conditions
    return status


def is_complete(deployment: Object, status: Object) -> bool:
    """Every pod is of the new template and available, and no other is left."""
    wanted = deployment["spec"]["replicas"]
    return all(status.get(name, 0) == wanted for name in ("updatedReplicas", "replicas", "availableReplicas"))


def seconds_to_deadline(deployment: Object) -> float | None:
    """How long the rollout may still stand still; None when it does not progress any more."""
    for condition in deployment.get("status", {}).get("conditions", ()):
        if condition["type"] == "Progressing" and condition["status"] == "True":
            if condition.get("reason") == "NewReplicaSetAvailable":
                return None
            limit: int = deployment["spec"].get("progressDeadlineSeconds", 600)
            return max(limit - age(condition.get("lastUpdateTime") or now()), 0)
    return None


def _total(replica_sets: Sequence[Object], count: str) -> int:
    return sum(one.get("status", {}).get(count, 0) for one in replica_sets)


def _counts(status: Object) -> dict[str, int]:
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
    return {name: status.get(name, 0) for name in names}


def _moved(before: dict[str, int], counts: dict[str, int]) -> bool:
    """Whether a rollout got further: more new pods or fewer old ones, or more that can be used."""
    fewer_old = (
        counts["replicas"] - counts["updatedReplicas"] < before["replicas"] - before["updatedReplicas"]
    )
    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return fewer_old or any(counts[name] > before[name] for name in grown)


def _availability(deployment: Object, usable: int) -> Condition:
    if usable >= deployment["spec"]["replicas"] - bounds(deployment)[1]:
        return _condition(
            "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
        )
    return _condition(
        "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
    )


def _rollout_conditions(
    deployment: Object,
    present: Sequence[Condition],
    new: Object | None,
    counts: dict[str, int],
    *,
    moved: bool,
) -> Iterator[Condition]:
    """What is to be said of the rollout besides what is said already: that it is paused or resumed, is
    done, moved, or stands still for too long."""
    progressing = next((one for one in present if one["type"] == "Progressing"), None)
    reason = progressing.get("reason", "") if progressing else ""
    paused = bool(deployment["spec"].get("paused"))
    if reason != "ProgressDeadlineExceeded" and paused != (reason == "DeploymentPaused"):
        if paused:
            yield _condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
        else:
            yield _condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")
    finished = counts["replicas"] == counts["updatedReplicas"] and reason == "NewReplicaSetAvailable"
    if new is None or paused or finished:
        return
    if is_complete(deployment, counts):
        yield _progressing(new, "NewReplicaSetAvailable")
    elif moved and progressing is not None:
        yield _progressing(new, "ReplicaSetUpdated")
    elif seconds_to_deadline({**deployment, "status": {"conditions": present}}) == 0:
        yield _progressing(new, "ProgressDeadlineExceeded")


def _progressing(new: Object, reason: str) -> Condition:
    name = new["metadata"]["name"]
    message = _PROGRESS_MESSAGES[reason].format(f'"{name}"')
    return _condition("Progressing", str(reason != "ProgressDeadlineExceeded"), reason, message)


_PROGRESS_MESSAGES = {
    "NewReplicaSetAvailable": "ReplicaSet {} has successfully progressed.",
    "NewReplicaSetCreated": "Created new replica set {}",
    "FoundNewReplicaSet": "Found new replica set {}",
    "ReplicaSetUpdated": "ReplicaSet {} is progressing.",
    "ProgressDeadlineExceeded": "ReplicaSet {} has timed out progressing.",
}


def _replica_failure(replica_sets: Sequence[Object]) -> Condition | None:
    """That pods are refused: the new replica set's words, or those of the first other one."""
    for one in replica_sets:
        for condition in one.get("status", {}).get("conditions", ()):
            if condition["type"] == "ReplicaFailure":
                words = (condition.get("reason", ""), condition.get("message", ""))
                return _condition("ReplicaFailure", condition["status"], *words)
    return None


def _condition(kind: str, status: str, reason: str, message: str) -> Condition:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def with_condition(
    conditions: Sequence[Condition], wanted: Condition, *, renew: bool = False
) -> list[Condition]:
    """The conditions with one of them set: at the end when it changed, where it was when it did not.

    Args:
        renew: a rollout that moved is a change though it has the same reason.
    """
    present = next((one for one in conditions if one["type"] == wanted["type"]), None)
    same_status = present is not None and present["status"] == wanted["status"]
    renewed = renew and wanted["reason"] == "ReplicaSetUpdated"
    if present is not None and same_status and present.get("reason") == wanted["reason"] and not renewed:
        return list(conditions)
    moment = now()
    since = present.get("lastTransitionTime", moment) if present is not None and same_status else moment
    others = [one for one in conditions if one["type"] != wanted["type"]]
    return [*others, {**wanted, "lastUpdateTime": moment, "lastTransitionTime": since}]
