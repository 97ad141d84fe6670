"""The Deployment controller: one replica set for each template, rolled from the old to the new."""

from __future__ import annotations

from collections.abc import Iterable

from tutorial.sandbox.controllers import revisions, rolling_update
from tutorial.sandbox.controllers.controller import Controller, key_of
from tutorial.sandbox.controllers.deployment_status import seconds_to_deadline, status_of
from tutorial.sandbox.controllers.ownership import (
    controller_of,
    is_controlled_by,
    is_terminating,
    reference_to,
)
from tutorial.sandbox.controllers.queue import Key
from tutorial.sandbox.events import EventRecorder
from tutorial.sandbox.ports import Change, Object, Objects
from tutorial.sandbox.resources import DEPLOYMENT, POD, REPLICA_SET, ResourceType
from tutorial.sandbox.schemas.label_selector import matches
from tutorial.sandbox.status import ApiError


class DeploymentController(Controller):
    """Makes, scales and cleans up replica sets; writes the status that kubectl waits for."""

    watches = (DEPLOYMENT, REPLICA_SET, POD)

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects)
        self._events = EventRecorder(objects, "deployment-controller")

    def keys(self, resource: ResourceType, change: Change) -> Iterable[Key]:
        if resource is DEPLOYMENT:
            return [key_of(change.object)]
        if resource is POD:
            return self._recreating(change)
        namespace = change.object["metadata"]["namespace"]
        owner = controller_of(change.object)
        if owner is not None:
            return [Key(namespace, owner["name"])] if owner["kind"] == DEPLOYMENT.kind else []
        labels = change.object["metadata"].get("labels", {})
        deployments = self.objects.list(DEPLOYMENT, namespace)
        return [key_of(one) for one in deployments if matches(one["spec"]["selector"], labels)]

    def _recreating(self, change: Change) -> list[Key]:
        """A pod that goes may be what a Recreate rollout waits for."""
        if change.type != "DELETED":
            return []
        namespace = change.object["metadata"]["namespace"]
        labels = change.object["metadata"].get("labels", {})
        return [
            key_of(one)
            for one in self.objects.list(DEPLOYMENT, namespace)
            if one["spec"]["strategy"]["type"] == "Recreate" and matches(one["spec"]["selector"], labels)
        ]

    def reconcile(self, key: Key) -> float | None:
        deployment = self.find(DEPLOYMENT, key)
        if deployment is None or not deployment["spec"]["selector"]:
            return None
        progress = ""
        if not is_terminating(deployment):
            self._adopt(deployment)
            if self._was_scaled(deployment):
                self._rescale(deployment)
            elif not deployment["spec"].get("paused"):
                progress = self._roll_out(deployment)
                self._clean_up(deployment)
        deployment = self.objects.get(DEPLOYMENT, key.namespace, key.name)
        new, olds = self._replica_sets(deployment)
        status = status_of(deployment, new, olds, progress)
        if status != deployment.get("status"):
            deployment = self.objects.update_status(DEPLOYMENT, {**deployment, "status": status})
        return seconds_to_deadline(deployment)

    def _owned(self, deployment: Object) -> list[Object]:
        everyone = self.objects.list(REPLICA_SET, deployment["metadata"]["namespace"])
        return [one for one in everyone if is_controlled_by(one, deployment)]

    def _replica_sets(self, deployment: Object) -> tuple[Object | None, list[Object]]:
        """The one of the present template, and the others."""
        owned = self._owned(deployment)
        new = revisions.find_new(deployment, owned)
        return new, [one for one in owned if one is not new]

    def _adopt(self, deployment: Object) -> None:
        """Manage matching replica sets that nobody manages."""
        selector = deployment["spec"]["selector"]
        for one in self.objects.list(REPLICA_SET, deployment["metadata"]["namespace"]):
            orphan = controller_of(one) is None and not is_terminating(one)
            if orphan and matches(selector, one["metadata"].get("labels", {})):
                owners = [*one["metadata"].get("ownerReferences", ()), reference_to(DEPLOYMENT, deployment)]
                self._update_metadata(one, ownerReferences=owners)

    def _update_metadata(self, replica_set: Object, **fields: object) -> Object:
        metadata = {**replica_set["metadata"], **fields}
        return self.objects.update(REPLICA_SET, {**replica_set, "metadata": metadata})

    def _was_scaled(self, deployment: Object) -> bool:
        """Whether the Deployment's size changed since its replica sets were last sized."""
        wanted = str(deployment["spec"]["replicas"])
        sized = [
            one["metadata"].get("annotations", {}).get(revisions.DESIRED_REPLICAS)
            for one in self._owned(deployment)
            if one["spec"]["replicas"] > 0
        ]
        return any(size not in (None, wanted) for size in sized)

    def _rescale(self, deployment: Object) -> None:
        new, olds = self._replica_sets(deployment)
        active = [one for one in [*([new] if new else []), *olds] if one["spec"]["replicas"] > 0]
        wanted = deployment["spec"]["replicas"]
        if len(active) == 1:
            self._scale(deployment, active[0], wanted)
            return
        if new is not None and rolling_update.available(new) >= wanted:
            sizes = {one["metadata"]["name"]: 0 for one in active} | {new["metadata"]["name"]: wanted}
        else:
            sizes = rolling_update.proportional_sizes(deployment, active)
        for one in active:
            self._scale(deployment, one, sizes.get(one["metadata"]["name"], one["spec"]["replicas"]))

    def _roll_out(self, deployment: Object) -> str:
        """One step from the old replica sets to the new. Returns why it moved, or an empty text."""
        new, olds = self._replica_sets(deployment)
        if deployment["spec"]["strategy"]["type"] == "Recreate" and self._shrink_for_recreate(
            deployment, new, olds
        ):
            return ""
        new, progress = self._ensure_new(deployment, new, olds)
        total = sum(one["spec"]["replicas"] for one in [new, *olds])
        new = self._scale(
            deployment, new, rolling_update.new_size(deployment, new["spec"]["replicas"], total)
        )
        sizes = rolling_update.old_sizes(deployment, new, olds)
        for one in olds:
            if one["metadata"]["name"] in sizes:
                self._scale(deployment, one, sizes[one["metadata"]["name"]])
        return progress

    def _shrink_for_recreate(self, deployment: Object, new: Object | None, olds: list[Object]) -> bool:
        """Empty the old replica sets. True while any of their pods is still there."""
        for one in olds:
            self._scale(deployment, one, 0)
        kept = new["metadata"]["uid"] if new else None
        former = {one["metadata"]["uid"] for one in olds} - {kept}
        owners = (controller_of(pod) for pod in self.objects.list(POD, deployment["metadata"]["namespace"]))
        return any(owner is not None and owner["uid"] in former for owner in owners)

    def _ensure_new(self, deployment: Object, new: Object | None, olds: list[Object]) -> tuple[Object, str]:
        """The replica set of the present template, made or found, with the newest revision."""
        revision = max((revisions.revision_of(one) for one in olds), default=0) + 1
        most = deployment["spec"]["replicas"] + rolling_update.bounds(deployment)[0]
        if new is None:
            total = sum(one["spec"]["replicas"] for one in olds)
            size = rolling_update.new_size(deployment, 0, total)
            new = self._create(deployment, revisions.make_new(deployment, revision, size, most))
            if size:
                self._report_scaling(deployment, new, 0, size)
            self._mark_revision(deployment, revision)
            return new, "NewReplicaSetCreated"
        found_again = 0 < revisions.revision_of(new) < revision
        followed = revisions.following(new, deployment, revision)
        if followed != new:
            new = self.objects.update(REPLICA_SET, followed)
        self._mark_revision(deployment, revisions.revision_of(new))
        return new, "FoundNewReplicaSet" if found_again else ""

    def _create(self, deployment: Object, replica_set: Object) -> Object:
        namespace = deployment["metadata"]["namespace"]
        try:
            return self.objects.create(REPLICA_SET, namespace, replica_set)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                self._count_collision(deployment)
            raise

    def _count_collision(self, deployment: Object) -> None:
        """Another template has the same hash: the next try hashes with a higher count."""
        status = deployment.get("status", {})
        count = status.get("collisionCount", 0) + 1
        self.objects.update_status(DEPLOYMENT, {**deployment, "status": {**status, "collisionCount": count}})

    def _mark_revision(self, deployment: Object, revision: int) -> None:
        current = self.objects.get(
            DEPLOYMENT, deployment["metadata"]["namespace"], deployment["metadata"]["name"]
        )
        present = current["metadata"].get("annotations", {})
        if present.get(revisions.REVISION) != str(revision):
            annotations = {**present, revisions.REVISION: str(revision)}
            metadata = {**current["metadata"], "annotations": annotations}
            self.objects.update(DEPLOYMENT, {**current, "metadata": metadata})

    def _scale(self, deployment: Object, replica_set: Object, size: int) -> Object:
        """Give a replica set its size and note for which size of the Deployment that was."""
        before = replica_set["spec"]["replicas"]
        noted = replica_set["metadata"].get("annotations", {})
        most = deployment["spec"]["replicas"] + rolling_update.bounds(deployment)[0]
        annotations = {**noted, **revisions.sizes(deployment, most)}
        if before == size and (annotations == noted or size == 0):
            return replica_set
        metadata = {**replica_set["metadata"], "annotations": annotations}
        spec = {**replica_set["spec"], "replicas": size}
        updated = self.objects.update(REPLICA_SET, {**replica_set, "metadata": metadata, "spec": spec})
        if before != size:
            self._report_scaling(deployment, updated, before, size)
        return updated

    def _report_scaling(self, deployment: Object, replica_set: Object, before: int, size: int) -> None:
        direction = "up" if size > before else "down"
        name = replica_set["metadata"]["name"]
        message = f"Scaled {direction} replica set {name} from {before} to {size}"
        self._events.normal(deployment, "ScalingReplicaSet", message)

    def _clean_up(self, deployment: Object) -> None:
        """Delete the oldest empty replica sets beyond `revisionHistoryLimit`."""
        new, olds = self._replica_sets(deployment)
        if new is None:
            return
        empty = [
            one
            for one in olds
            if not one["spec"]["replicas"] and not one["status"].get("replicas") and not is_terminating(one)
        ]
        surplus = len(empty) - deployment["spec"].get("revisionHistoryLimit", 10)
        for one in sorted(empty, key=revisions.revision_of)[: max(surplus, 0)]:
            metadata = one["metadata"]
            self.objects.delete(REPLICA_SET, metadata["namespace"], metadata["name"], uid=metadata["uid"])
