"""What controllers ask of a pod: does it count, is it ready, since when."""

from __future__ import annotations

from tutorial.sandbox.controllers.ownership import is_terminating
from tutorial.sandbox.ports import Object
from tutorial.sandbox.times import age

_ENDED = ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """It has not ended and is not being deleted."""
    return not is_terminating(pod) and not has_ended(pod)


def has_ended(pod: Object) -> bool:
    """Its containers have stopped for good."""
    return pod.get("status", {}).get("phase") in _ENDED


def ready_since(pod: Object) -> str | None:
    """When it became ready; None while it is not."""
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition.get("type") == "Ready" and condition.get("status") == "True":
            return str(condition.get("lastTransitionTime") or pod["metadata"]["creationTimestamp"])
    return None


def is_ready(pod: Object) -> bool:
    """Whether its Ready condition holds."""
    return ready_since(pod) is not None


def is_available(pod: Object, min_ready_seconds: int) -> bool:
    """Ready for that long."""
    since = ready_since(pod)
    return since is not None and (not min_ready_seconds or age(since) >= min_ready_seconds)
