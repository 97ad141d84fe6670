"""Taints of nodes and what tolerates them. Used by the scheduler and the taint controller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
"""The taint of a node that was cordoned."""


def tolerates(tolerations: Iterable[Mapping[str, Any]], taint: Mapping[str, Any]) -> bool:
    """Whether one of a pod's tolerations is for that taint."""
    return any(_fits(toleration, taint) for toleration in tolerations)


def _fits(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")


def seconds_tolerated(tolerations: Iterable[Mapping[str, Any]], taint: Mapping[str, Any]) -> float | None:
    """How long a pod may stay on a node with that taint: 0 when nothing tolerates it, None for ever."""
    fitting = [toleration for toleration in tolerations if _fits(toleration, taint)]
    if not fitting:
        return 0
    limits = [one["tolerationSeconds"] for one in fitting if one.get("tolerationSeconds") is not None]
    return float(max(min(limits), 0)) if limits else None
