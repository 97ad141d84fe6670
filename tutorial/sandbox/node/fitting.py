"""Whether a pod fits on a node: taints, selectors and resources. No I/O.

Used by `scheduler.py`. Source of rules and words: kube-scheduler 1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.quantities import parse_quantity
from tutorial.sandbox.taints import UNSCHEDULABLE, tolerates

_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
_COUNTED = ("cpu", "memory", "ephemeral-storage")


@dataclass(frozen=True)
class Misfit:
    """Why a node does not take a pod. `could_preempt` is true when fewer pods on it would help."""

    reasons: tuple[str, ...]
    could_preempt: bool = False


def misfit(pod: Object, node: Object, running: Iterable[Object]) -> Misfit | None:
    """The first filter that the node does not pass for this pod; None when it fits.

    Args:
        running: the pods that have a node and have not ended.
    """
    spec, tolerations = pod["spec"], pod["spec"].get("tolerations", ())
    cordoned = {"key": UNSCHEDULABLE, "effect": "NoSchedule"}
    if node.get("spec", {}).get("unschedulable") and not tolerates(tolerations, cordoned):
        return Misfit(("node(s) were unschedulable",))
    if any(
        taint["effect"] in ("NoSchedule", "NoExecute") and not tolerates(tolerations, taint)
        for taint in _taints(node)
    ):
        return Misfit(("node(s) had untolerated taint(s)",))
    if not _selects(spec, node):
        return Misfit(("node(s) didn't match Pod's node affinity/selector",))
    name = node["metadata"]["name"]
    lacking = _lacking(pod, node, [one for one in running if one["spec"]["nodeName"] == name])
    return Misfit(lacking, could_preempt=True) if lacking else None


def _taints(node: Object) -> list[Object]:
    """A node's taints, with the one that every node has that no kubelet reports as ready."""
    taints: list[Object] = node.get("spec", {}).get("taints", [])
    conditions = {c["type"]: c["status"] for c in node.get("status", {}).get("conditions", ())}
    return taints if conditions.get("Ready") == "True" else [*taints, _NOT_READY]


def _selects(spec: Object, node: Object) -> bool:
    labels = node["metadata"].get("labels", {})
    if not spec.get("nodeSelector", {}).items() <= labels.items():
        return False
    affinity = spec.get("affinity", {}).get("nodeAffinity", {})
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    fields = {"metadata.name": node["metadata"]["name"]}
    return any(
        (term.get("matchExpressions") or term.get("matchFields"))
        and all(_fulfils(one, labels) for one in term.get("matchExpressions", ()))
        and all(_fulfils(one, fields) for one in term.get("matchFields", ()))
        for term in required["nodeSelectorTerms"]
    )


def _fulfils(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    present, values = labels.get(expression["key"]), expression.get("values", ())
    match expression["operator"]:
        case "In":
            return present in values
        case "NotIn":
            return present not in values
        case "Exists":
            return present is not None
        case "DoesNotExist":
            return present is None
    if present is None or not present.lstrip("-").isdecimal():
        return False
    limit = int(values[0])
    return int(present) > limit if expression["operator"] == "Gt" else int(present) < limit


def _lacking(pod: Object, node: Object, others: Sequence[Object]) -> tuple[str, ...]:
    """What the node has too little of."""
    offered = node.get("status", {}).get("allocatable", {})
    reasons = []
    if "pods" in offered and len(others) >= int(offered["pods"]):
        reasons.append("Too many pods")
    for resource in _COUNTED:
        wanted = requested(pod, resource)
        if wanted and resource in offered:
            taken = sum((requested(one, resource) for one in others), Decimal(0))
            if taken + wanted > parse_quantity(offered[resource]):
                reasons.append(f"Insufficient {resource}")
    return tuple(reasons)


def requested(pod: Object, resource: str) -> Decimal:
    """What a pod asks for: its containers together, or its largest init container where that is more."""
    apps = [_request(container, resource) for container in pod["spec"]["containers"]]
    kept, largest = Decimal(0), Decimal(0)
    for container in pod["spec"].get("initContainers", ()):
        amount = _request(container, resource)
        if container.get("restartPolicy") == "Always":
            kept += amount
            largest = max(largest, kept)
        else:
            largest = max(largest, kept + amount)
    return max(sum(apps, kept), largest)


def _request(container: Object, resource: str) -> Decimal:
    text = container.get("resources", {}).get("requests", {}).get(resource)
    return Decimal(0) if text is None else parse_quantity(text)
