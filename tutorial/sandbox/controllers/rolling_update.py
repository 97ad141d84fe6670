"""The arithmetic of a rollout: how many replicas each replica set may have next. No I/O.

Used by `deployment.py`. Numbers follow the Deployment's `maxSurge` and `maxUnavailable`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tutorial.sandbox.ports import Object


def bounds(deployment: Object) -> tuple[int, int]:
    """How many pods may be there beyond the wanted number, and how many of it may be missing."""
    spec = deployment["spec"]
    rolling: dict[str, Any] = spec.get("strategy", {}).get("rollingUpdate", {})
    if spec.get("strategy", {}).get("type") == "Recreate":
        return 0, int(spec["replicas"])
    surge = _resolved(rolling.get("maxSurge", 0), spec["replicas"], up=True)
    unavailable = _resolved(rolling.get("maxUnavailable", 0), spec["replicas"], up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, spec["replicas"])


def _resolved(value: int | str, total: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    share = int(value.removesuffix("%")) * total / 100
    return math.ceil(share) if up else math.floor(share)


def new_size(deployment: Object, new_replicas: int, all_replicas: int) -> int:
    """The next size of the new replica set.

    Args:
        new_replicas: its present size; all_replicas: that of all sets together.
    """
    wanted: int = deployment["spec"]["replicas"]
    if deployment["spec"].get("strategy", {}).get("type") == "Recreate" or new_replicas >= wanted:
        return wanted
    room = wanted + bounds(deployment)[0] - all_replicas
    return min(wanted, new_replicas + max(room, 0))


def old_sizes(deployment: Object, new: Object, olds: Sequence[Object]) -> dict[str, int]:
    """The next sizes, by name, of the old replica sets that may shrink now: first what does not
    work anyway, then as much as availability allows, oldest first."""
    wanted = deployment["spec"]["replicas"]
    least = wanted - bounds(deployment)[1]
    everyone = [new, *olds]
    new_missing = new["spec"]["replicas"] - available(new)
    spare = sum(one["spec"]["replicas"] for one in everyone) - least - new_missing
    if spare <= 0:
        return {}
    sizes = {one["metadata"]["name"]: one["spec"]["replicas"] for one in olds}
    ordered = sorted(olds, key=lambda one: one["metadata"]["creationTimestamp"])
    for one in ordered:
        broken = min(spare, one["spec"]["replicas"] - available(one))
        if broken > 0:
            sizes[one["metadata"]["name"]] -= broken
            spare -= broken
    spare = min(spare, sum(available(one) for one in everyone) - least)
    for one in ordered:
        name = one["metadata"]["name"]
        fewer = min(max(spare, 0), sizes[name])
        sizes[name] -= fewer
        spare -= fewer
    return {name: size for name, size in sizes.items() if size != _size(olds, name)}


def proportional_sizes(deployment: Object, active: Sequence[Object]) -> dict[str, int]:
    """The sizes, by name, of several active replica sets after the Deployment's own size changed in
    the middle of a rollout: each keeps its share, the largest takes what rounding leaves."""
    total = sum(one["spec"]["replicas"] for one in active)
    goal = deployment["spec"]["replicas"] + bounds(deployment)[0]
    if total == 0:
        return {}
    sizes = {one["metadata"]["name"]: round(one["spec"]["replicas"] * goal / total) for one in active}
    largest = max(active, key=lambda one: one["spec"]["replicas"])["metadata"]["name"]
    sizes[largest] = max(0, sizes[largest] + goal - sum(sizes.values()))
    return sizes


def available(replica_set: Object) -> int:
    """How many pods of a set are available."""
    count: int = replica_set.get("status", {}).get("availableReplicas", 0)
    return count


def _size(replica_sets: Sequence[Object], name: str) -> int:
    found = next(one for one in replica_sets if one["metadata"]["name"] == name)
    count: int = found["spec"]["replicas"]
    return count
