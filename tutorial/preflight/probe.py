"""Asks the outside from within the cluster, by a pod that lives for seconds and is deleted however it ends.

Called by `egress-tutorial doctor --probe`, after the person agreed. The pod's containers run the
tutorial's `outside` commands, one each; how they ended is in the pod's status, so that nothing needs
to be executed in it. It names few rights and little room for itself: it fits `restricted` Pod
Security and small quotas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from tutorial.backends.discovery import Resource
from tutorial.engine.ports import Clock, Stop, Stopper
from tutorial.errors import TutorialError
from tutorial.preflight.client import KubernetesClient, RefusedError
from tutorial.preflight.finding import Finding
from tutorial.preflight.left_probes import LABELS, PROBE_SELECTOR, SECONDS, left_probes
from tutorial.preflight.place import Place
from tutorial.preflight.requirements import Question, Requirements
from tutorial.preflight.survey import Object
from tutorial.preflight.workloads import mapping
from tutorial.text.escapes import safe_text

_OUT_OF_THE_MESH = {"sidecar.istio.io/inject": "false", "istio.io/dataplane-mode": "none"}
_POLL_SECONDS = 0.3
_CANNOT_START = frozenset(
    (
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
    )
)
_WAY_OUT = "Check the cluster's way out: its DNS, network policies, a firewall or an egress proxy."


def probe_image(requirements: Requirements) -> str:
    """The image of the sample that the steps deploy; empty when no step makes a pod."""
    containers = (each for workload in requirements.workloads for each in workload.containers)
    return next((str(each["image"]) for each in containers if each.get("image")), "")


def probe_namespace(requirements: Requirements, client: KubernetesClient) -> str:
    """Where the pod goes: a namespace without sidecars if it is there, else the run's."""
    plain = [name for name, sidecar in requirements.sidecars.items() if sidecar == "none"]
    return next((name for name in plain if client.look("namespace", None, name).only), requirements.namespace)


def probe(
    client: KubernetesClient,
    requirements: Requirements,
    namespace: str,
    *,
    place: Place,
    clock: Clock,
    stopper: Stopper,
) -> list[Finding]:
    """One finding for each question to the outside. A signal ends the waiting; the pod goes in any case.

    Raises:
        NotReadyError: the API server does not answer.
    """
    pods = client.find("pods")
    if pods is None:
        return [Finding("egress", "unknown", "the server does not serve pods")]
    _sweep(client, pods, namespace, clock.time())
    try:
        pod = client.create(pods, namespace, _manifest(requirements, namespace))
    except RefusedError as error:
        why = f"a pod could not be made in {namespace}: {error}"
        return [Finding("egress", "unknown", why, place.kubectl("auth", "can-i", "create", "pods"))]
    try:
        ended = _wait(client, namespace, str(mapping(pod.get("metadata")).get("name")), clock, stopper)
        findings = [
            _judge(question, mapping(ended.get(_container_name(at))), namespace)
            for at, question in enumerate(requirements.outside)
        ]
    finally:
        left = _delete(client, pods, pod, place)
    return findings + left


def _wait(
    client: KubernetesClient, namespace: str, name: str, clock: Clock, stopper: Stopper
) -> Mapping[str, Object]:
    """The state of each container by its name, once all have ended, one cannot start, or time is up."""
    deadline = clock.monotonic() + SECONDS
    states: dict[str, Object] = {}
    while stopper.pending() is Stop.NONE and clock.monotonic() < deadline:
        pod = client.look("pods", namespace, name).only
        if pod is None:
            break
        statuses = mapping(pod.get("status")).get("containerStatuses") or ()
        states = {str(each.get("name")): mapping(each.get("state")) for each in statuses}
        if states and all("terminated" in state or _cannot_start(state) for state in states.values()):
            break
        clock.sleep(_POLL_SECONDS)
    return states


def _judge(question: Question, state: Object, namespace: str) -> Finding:
    ended = mapping(state.get("terminated"))
    if ended.get("exitCode") == 0:
        return Finding("egress", "pass", f"{question.name} answers, asked from {namespace}")
    if ended:
        said = safe_text(str(ended.get("message") or "")).strip().splitlines()
        reason = _complaint(question, said) or f"exit code {ended.get('exitCode')}"
        why = f"{question.name} does not answer, asked from {namespace}: {reason}"
        return Finding("egress", "fail", why, _WAY_OUT)
    waiting = mapping(state.get("waiting"))
    if _cannot_start(state):
        why = safe_text(f"the pod cannot start: {waiting.get('reason')}: {waiting.get('message', '')}")
        return Finding("egress", "fail", why, "Use an image that the cluster can pull: --set IMAGE=...")
    return Finding("egress", "unknown", f"{question.name} was not asked in time", "Try again.")


def _complaint(question: Question, said: Sequence[str]) -> str:
    """The line in which the question's program says what is wrong (curl explains a certificate that it
    refuses in five lines more), else the last one."""
    program = question.command.split(maxsplit=1)[0]
    named = (line for line in said if line.startswith(f"{program}:"))
    return next(named, said[-1] if said else "")


def _cannot_start(state: Object) -> bool:
    return mapping(state.get("waiting")).get("reason") in _CANNOT_START


def _delete(client: KubernetesClient, pods: Resource, pod: Object, place: Place) -> list[Finding]:
    """Delete the pod by its uid; a finding when it may be left."""
    namespace, name, uid = (
        str(mapping(pod.get("metadata")).get(key)) for key in ("namespace", "name", "uid")
    )
    try:
        client.delete(pods, namespace, name, uid)
    except RefusedError as error:
        if error.status in (404, 409):  # gone, or another pod of the name
            return []
        return [_left(namespace, name, str(error), place)]
    except TutorialError as error:
        return [_left(namespace, name, error.why or error.what, place)]
    return []


def _left(namespace: str, name: str, why: str, place: Place) -> Finding:
    do = place.kubectl("delete", "pod", name, "-n", namespace)
    return Finding("probe", "warn", f"the pod {name} may be left in {namespace}: {why}", do)


def _sweep(client: KubernetesClient, pods: Resource, namespace: str, now: float) -> None:
    """Delete the pods of probes that were killed."""
    for pod in left_probes(client.look("pods", namespace, labels=PROBE_SELECTOR).items, now):
        metadata = mapping(pod.get("metadata"))
        with suppress(RefusedError):
            client.delete(pods, namespace, str(metadata["name"]), str(metadata["uid"]))


def _manifest(requirements: Requirements, namespace: str) -> dict[str, Any]:
    image = probe_image(requirements)
    containers = [_container(at, each, image) for at, each in enumerate(requirements.outside)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "egress-tutorial-probe-",
            "namespace": namespace,
            "labels": {**LABELS, **_OUT_OF_THE_MESH},
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": SECONDS,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": containers,
        },
    }


def _container(at: int, question: Question, image: str) -> dict[str, Any]:
    room = {"cpu": "50m", "memory": "32Mi"}
    return {
        "name": _container_name(at),
        "image": image,
        "command": ["/bin/sh", "-c", question.command],
        "env": [{"name": name, "value": value} for name, value in question.variables],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": {"requests": room, "limits": room},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def _container_name(at: int) -> str:
    return f"question-{at + 1}"
