"""The ReplicaSet controller: as many pods of a template as are wanted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tutorial.sandbox.controllers import pods
from tutorial.sandbox.controllers.controller import Controller, key_of
from tutorial.sandbox.controllers.ownership import (
    controller_of,
    is_controlled_by,
    is_terminating,
    reference_to,
)
from tutorial.sandbox.controllers.queue import Key
from tutorial.sandbox.events import EventRecorder
from tutorial.sandbox.ports import Change, Object, Objects
from tutorial.sandbox.resources import POD, REPLICA_SET, ResourceType
from tutorial.sandbox.schemas.label_selector import matches
from tutorial.sandbox.status import ApiError
from tutorial.sandbox.times import now


class ReplicaSetController(Controller):
    """Creates and deletes pods, adopts those that match, and counts them in the status."""

    watches = (REPLICA_SET, POD)

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects)
        self._events = EventRecorder(objects, "replicaset-controller")

    def keys(self, resource: ResourceType, change: Change) -> Iterable[Key]:
        if resource is REPLICA_SET:
            return [key_of(change.object)]
        namespace = change.object["metadata"]["namespace"]
        owner = controller_of(change.object)
        if owner is not None:
            return [Key(namespace, owner["name"])] if owner["kind"] == REPLICA_SET.kind else []
        labels = change.object["metadata"].get("labels", {})
        sets = self.objects.list(REPLICA_SET, namespace)
        return [key_of(one) for one in sets if matches(one["spec"]["selector"], labels)]

    def reconcile(self, key: Key) -> float | None:
        replica_set = self.find(REPLICA_SET, key)
        if replica_set is None:
            return None
        own = self._claim(replica_set)
        failure: ApiError | None = None
        if not is_terminating(replica_set):
            try:
                self._scale(replica_set, [pod for pod in own if pods.is_active(pod)])
            except ApiError as error:
                failure = error
        self._write_status(replica_set, failure)
        if failure is not None:
            raise failure
        return _next_look(replica_set, own)

    def _claim(self, replica_set: Object) -> list[Object]:
        """The pods of this set, after adopting matching ones that nobody manages and letting go of
        those that no longer match."""
        namespace = replica_set["metadata"]["namespace"]
        selector = replica_set["spec"]["selector"]
        claimed = []
        for pod in self.objects.list(POD, namespace):
            fits = matches(selector, pod["metadata"].get("labels", {}))
            if is_controlled_by(pod, replica_set):
                if fits or is_terminating(replica_set):
                    claimed.append(pod)
                else:
                    self._set_owners(pod, [o for o in _owners(pod) if not o.get("controller")])
            elif fits and not is_terminating(replica_set) and _is_free(pod):
                owners = [*_owners(pod), reference_to(REPLICA_SET, replica_set)]
                claimed.append(self._set_owners(pod, owners))
        return claimed

    def _set_owners(self, pod: Object, owners: list[dict[str, Any]]) -> Object:
        return self.objects.update(POD, {**pod, "metadata": {**pod["metadata"], "ownerReferences": owners}})

    def _scale(self, replica_set: Object, active: list[Object]) -> None:
        missing = replica_set["spec"]["replicas"] - len(active)
        for _ in range(missing):
            self._create_pod(replica_set)
        if missing < 0:
            for pod in sorted(active, key=_keep_rank)[:-missing]:
                metadata = pod["metadata"]
                self.objects.delete(POD, metadata["namespace"], metadata["name"], uid=metadata["uid"])
                self._events.normal(replica_set, "SuccessfulDelete", f"Deleted pod: {metadata['name']}")

    def _create_pod(self, replica_set: Object) -> None:
        metadata = replica_set["metadata"]
        template = replica_set["spec"]["template"]
        described = template.get("metadata", {})
        pod = {
            "metadata": {
                "generateName": f"{metadata['name']}-",
                "namespace": metadata["namespace"],
                "labels": described.get("labels", {}),
                "annotations": described.get("annotations", {}),
                "finalizers": described.get("finalizers", []),
                "ownerReferences": [reference_to(REPLICA_SET, replica_set)],
            },
            "spec": template["spec"],
        }
        try:
            created = self.objects.create(POD, metadata["namespace"], pod)
        except ApiError as error:
            self._events.warning(replica_set, "FailedCreate", f"Error creating: {error.message}")
            raise
        self._events.normal(replica_set, "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")

    def _write_status(self, replica_set: Object, failure: ApiError | None) -> None:
        own = [
            pod
            for pod in self.objects.list(POD, replica_set["metadata"]["namespace"])
            if is_controlled_by(pod, replica_set) and pods.is_active(pod)
        ]
        template_labels = replica_set["spec"]["template"].get("metadata", {}).get("labels", {})
        wait = replica_set["spec"].get("minReadySeconds", 0)
        counts = {
            "fullyLabeledReplicas": sum(
                template_labels.items() <= p["metadata"].get("labels", {}).items() for p in own
            ),
            "readyReplicas": sum(pods.is_ready(pod) for pod in own),
            "availableReplicas": sum(pods.is_available(pod, wait) for pod in own),
        }
        status: dict[str, Any] = {
            "replicas": len(own),
            **{name: count for name, count in counts.items() if count},
            "observedGeneration": replica_set["metadata"]["generation"],
        }
        if failure is not None:
            status["conditions"] = [_failure_condition(replica_set, failure)]
        if status != replica_set.get("status"):
            self.objects.update_status(REPLICA_SET, {**replica_set, "status": status})


def _owners(pod: Object) -> list[dict[str, Any]]:
    owners: list[dict[str, Any]] = pod["metadata"].get("ownerReferences", [])
    return owners


def _is_free(pod: Object) -> bool:
    """Nobody manages it, and it runs."""
    return controller_of(pod) is None and pods.is_active(pod)


def _keep_rank(pod: Object) -> tuple[bool, bool, bool, tuple[int, ...]]:
    """Sorts first what can be spared most: not placed, not running, not ready, youngest."""
    phase = pod.get("status", {}).get("phase")
    youngest_first = tuple(-ord(letter) for letter in pod["metadata"]["creationTimestamp"])
    return (bool(pod["spec"].get("nodeName")), phase == "Running", pods.is_ready(pod), youngest_first)


def _failure_condition(replica_set: Object, failure: ApiError) -> dict[str, Any]:
    condition = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": failure.message,
    }
    for present in replica_set.get("status", {}).get("conditions", ()):
        if present.items() >= condition.items():
            return dict(present)
    return {**condition, "lastTransitionTime": now()}


def _next_look(replica_set: Object, own: list[Object]) -> float | None:
    """When a pod that is ready will have been so for `minReadySeconds`."""
    wait = replica_set["spec"].get("minReadySeconds", 0)
    if any(pods.is_ready(pod) and not pods.is_available(pod, wait) for pod in own):
        return float(wait)
    return None
