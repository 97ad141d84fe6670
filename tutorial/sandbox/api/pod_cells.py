"""A pod's columns in `kubectl get`: one word for what its containers are doing.

Called by `tutorial.sandbox.api.tables`.
"""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.api.cells import NONE, at, since

Object = dict[str, Any]


def ready(pod: Object) -> str:
    """Ready containers of all; sidecars count, other init containers do not."""
    sidecars = _sidecar_names(pod)
    statuses = [s for s in at(pod, "status.initContainerStatuses") or () if s["name"] in sidecars]
    statuses += at(pod, "status.containerStatuses") or ()
    count = sum(1 for s in statuses if s.get("ready") and _is_running(s))
    return f"{count}/{len(pod['spec'].get('containers') or ()) + len(sidecars)}"


def status(pod: Object) -> str:
    """The phase, or the reason of the container that keeps the pod from running."""
    word = _initializing(pod)
    if word is None:
        word = _running_word(pod)
    if "deletionTimestamp" in pod["metadata"] and at(pod, "status.phase") not in ("Succeeded", "Failed"):
        return "Terminating"
    return word


def restarts(pod: Object) -> str:
    """How often containers were restarted, and when last."""
    statuses = [
        *(at(pod, "status.initContainerStatuses") or ()),
        *(at(pod, "status.containerStatuses") or ()),
    ]
    count = sum(s.get("restartCount", 0) for s in statuses)
    ends = [moment for s in statuses if (moment := at(s, "lastState.terminated.finishedAt"))]
    return f"{count} ({since(max(ends))} ago)" if count and ends else str(count)


def readiness_gates(pod: Object) -> str:
    gates = pod["spec"].get("readinessGates") or ()
    if not gates:
        return NONE
    met = {c["type"] for c in at(pod, "status.conditions") or () if c.get("status") == "True"}
    return f"{sum(1 for gate in gates if gate['conditionType'] in met)}/{len(gates)}"


def _sidecar_names(pod: Object) -> set[str]:
    containers = pod["spec"].get("initContainers") or ()
    return {c["name"] for c in containers if c.get("restartPolicy") == "Always"}


def _is_running(container_status: Object) -> bool:
    return "running" in (container_status.get("state") or {})


def _initializing(pod: Object) -> str | None:
    """The word while init containers run; None when they are through."""
    sidecars = _sidecar_names(pod)
    total = len(pod["spec"].get("initContainers") or ())
    for index, container in enumerate(at(pod, "status.initContainerStatuses") or ()):
        state = container.get("state") or {}
        ended = state.get("terminated")
        if ended is not None and ended.get("exitCode") == 0:
            continue
        if container["name"] in sidecars and container.get("started"):
            continue
        if ended is not None:
            return "Init:" + _ending(ended)
        waiting = state.get("waiting", {}).get("reason")
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}"
        return f"Init:{index}/{total}"
    return None


def _running_word(pod: Object) -> str:
    word = at(pod, "status.reason") or at(pod, "status.phase") or "Unknown"
    running = False
    for container in reversed(at(pod, "status.containerStatuses") or []):
        state = container.get("state") or {}
        if state.get("waiting", {}).get("reason"):
            word = state["waiting"]["reason"]
        elif "terminated" in state:
            word = _ending(state["terminated"])
        elif container.get("ready") and "running" in state:
            running = True
    if word == "Completed" and running:
        return "Running" if _is_ready(pod) else "NotReady"
    return str(word)


def _ending(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _is_ready(pod: Object) -> bool:
    conditions = at(pod, "status.conditions") or ()
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
