"""A pod's `status`: phase, conditions and container statuses, from what its containers do.

Pure; called by `pod_worker`. Words and order of the conditions: Kubernetes 1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tutorial.sandbox.node.container import Container, Role
from tutorial.sandbox.ports import Object

_OWN_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


@dataclass(frozen=True)
class PodFacts:
    """What the status is made from, beside the pod: `address` is empty until the pod's namespaces
    are there (`sandbox_ready`)."""

    containers: Sequence[Container]
    host_address: str
    address: str
    sandbox_ready: bool
    start_time: str
    moment: str


def pod_status(pod: Object, facts: PodFacts) -> Object:
    """The whole status. Conditions keep their transition times from the pod's present status; those of
    others (readiness gates) stay as they are."""
    inits = [c for c in facts.containers if c.role is not Role.APP]
    apps = [c for c in facts.containers if c.role is Role.APP]
    generation = pod["metadata"].get("generation")
    status: Object = {}
    if generation is not None:
        status["observedGeneration"] = generation
    status |= {
        "phase": pod_phase(pod, facts.containers),
        "conditions": _conditions(pod, facts, inits, apps),
        "hostIP": facts.host_address,
        "hostIPs": [{"ip": facts.host_address}],
    }
    if facts.address and facts.sandbox_ready:
        status |= {"podIP": facts.address, "podIPs": [{"ip": facts.address}]}
    status["startTime"] = facts.start_time
    if inits:
        status["initContainerStatuses"] = [container.status() for container in inits]
    status["containerStatuses"] = [container.status() for container in apps]
    if "qosClass" in pod.get("status", {}):
        status["qosClass"] = pod["status"]["qosClass"]
    return status


def pod_phase(pod: Object, containers: Sequence[Container]) -> str:
    """Pending, Running, Succeeded or Failed."""
    policy = pod["spec"].get("restartPolicy", "Always")
    inits = [c for c in containers if c.role is Role.INIT]
    apps = [c for c in containers if c.role is Role.APP]
    if any(c.ended and not c.completed for c in inits) and policy == "Never":
        return "Failed"
    if all(c.ended for c in apps):
        if policy != "Always" and all(c.completed for c in apps):
            return "Succeeded"
        if policy == "Never":
            return "Failed"
    if any(c.running or c.ended or c.last_state for c in apps):
        return "Running"
    return "Pending"


def _conditions(
    pod: Object, facts: PodFacts, inits: Sequence[Container], apps: Sequence[Container]
) -> list[Object]:
    incomplete = [c.name for c in inits if not is_initialized(c)]
    serving = [*apps, *(c for c in inits if c.role is Role.SIDECAR)]
    unready = [c.name for c in serving if not c.ready]
    others = [c for c in pod.get("status", {}).get("conditions", ()) if c["type"] not in _OWN_CONDITIONS]
    unmet = _unmet_gates(pod, others)
    finished = pod_phase(pod, facts.containers) == "Succeeded"
    not_ready = ("PodCompleted", "") if finished else ("ContainersNotReady", _listed("unready", unready))
    not_initialized = ("ContainersNotInitialized", _listed("incomplete", incomplete))
    present = {c["type"]: c for c in pod.get("status", {}).get("conditions", ())}
    not_serving = not_ready if unready else ("ReadinessGatesNotReady", ", ".join(unmet))
    return others + [
        _condition(kind, holds, why, present.get(kind), pod=pod, moment=facts.moment)
        for kind, holds, why in (
            ("PodReadyToStartContainers", facts.sandbox_ready, ("", "")),
            ("Initialized", not incomplete, not_initialized),
            ("Ready", not unready and not unmet, not_serving),
            ("ContainersReady", not unready, not_ready),
            ("PodScheduled", True, ("", "")),
        )
    ]


def _unmet_gates(pod: Object, conditions: Sequence[Object]) -> list[str]:
    """Why the pod's readiness gates, conditions that others write, keep it from being ready."""
    found = {condition["type"]: condition["status"] for condition in conditions}
    unmet = []
    for gate in pod["spec"].get("readinessGates", ()):
        kind = gate["conditionType"]
        if kind not in found:
            unmet.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif found[kind] != "True":
            unmet.append(f'the status of pod readiness gate "{kind}" is not "True", but {found[kind]}')
    return unmet


def is_initialized(container: Container) -> bool:
    """An init container no longer holds up those after it."""
    if container.role is Role.SIDECAR:
        return container.running and container.ready
    return container.completed


def _listed(word: str, names: Sequence[str]) -> str:
    return f"containers with {word} status: [{' '.join(names)}]"


def _condition(
    kind: str, holds: bool, why: tuple[str, str], present: Object | None, *, pod: Object, moment: str
) -> Object:
    wanted = "True" if holds else "False"
    same = present is not None and present.get("status") == wanted
    condition: Object = {
        "type": kind,
        "status": wanted,
        "lastProbeTime": None,
        "lastTransitionTime": present.get("lastTransitionTime", moment) if present and same else moment,
    }
    generation = pod["metadata"].get("generation")
    if generation is not None:
        condition["observedGeneration"] = generation
    reason, message = why
    if not holds and reason:
        condition["reason"] = reason
        if message:
            condition["message"] = message
    return condition
