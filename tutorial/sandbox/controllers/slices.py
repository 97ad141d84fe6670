"""EndpointSlices as a set: makes the slices of one service what they should be.

Used by the endpoint controller and the mirroring controller; each manages the slices that carry its
own name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tutorial.sandbox.controllers.ownership import reference_to
from tutorial.sandbox.ports import Object, Objects
from tutorial.sandbox.resources import ENDPOINT_SLICE, ResourceType

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"


class SliceSet:
    """The slices of one service that one controller manages.

    Args:
        manager: the controller's name in the slices' label.
    """

    def __init__(self, objects: Objects, manager: str, namespace: str, service: str) -> None:
        self._objects = objects
        self._labels = {SERVICE_NAME: service, MANAGED_BY: manager}
        self._namespace = namespace
        self._service = service

    def present(self) -> Sequence[Object]:
        """The slices that are there."""
        return self._objects.list(ENDPOINT_SLICE, self._namespace, self._labels)

    def reconcile(
        self,
        resource: ResourceType,
        owner: Object,
        labels: dict[str, str],
        contents: Sequence[dict[str, Any]],
        annotations: dict[str, str] | None = None,
    ) -> None:
        """Make the slices hold `contents` (each `addressType`, `endpoints`, `ports`), one slice each:
        kept where they do already, changed where the ports are the same, made and deleted otherwise.
        What is made or changed gets the annotations."""
        labels = {**labels, **self._labels}
        surplus = list(self.present())
        for content in contents:
            found = next((s for s in surplus if _same_ports(s, content)), None)
            if found is None:
                self._create(reference_to(resource, owner), labels, annotations or {}, content)
                continue
            surplus.remove(found)
            changed = {**found, **content, "metadata": {**found["metadata"], "labels": labels}}
            if changed != found:
                kept = found["metadata"].get("annotations", {})
                changed["metadata"]["annotations"] = {**kept, **(annotations or {})}
                self._objects.update(ENDPOINT_SLICE, changed)
        for one in surplus:
            self._delete(one)

    def clear(self) -> None:
        """Delete all of them."""
        for one in self.present():
            self._delete(one)

    def _create(
        self,
        owner: dict[str, Any],
        labels: dict[str, str],
        annotations: dict[str, str],
        content: dict[str, Any],
    ) -> None:
        metadata = {
            "generateName": f"{self._service}-",
            "namespace": self._namespace,
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [owner],
        }
        self._objects.create(ENDPOINT_SLICE, self._namespace, {"metadata": metadata, **content})

    def _delete(self, one: Object) -> None:
        self._objects.delete(ENDPOINT_SLICE, self._namespace, one["metadata"]["name"])


def _same_ports(one: Object, content: dict[str, Any]) -> bool:
    return (
        one["addressType"] == content["addressType"]
        and one.get("ports", []) == content.get("ports", [])
        and "deletionTimestamp" not in one["metadata"]
    )
