"""The `scale` subresource: a workload's replicas seen as a Scale.

Called by `tutorial.sandbox.api.handlers`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.cells import workload_selector
from tutorial.sandbox.schemas.scalars import json_word

Object = dict[str, Any]
Mutation = Callable[[Object], Object]


def scale_of(workload: Object) -> Object:
    """The Scale of a Deployment or ReplicaSet."""
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    metadata = workload["metadata"]
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": workload["spec"].get("replicas", 0)},
        "status": {
            "replicas": workload.get("status", {}).get("replicas", 0),
            "selector": workload_selector(workload),
        },
    }


def scaling(wanted: Object) -> Mutation:
    """The change of a workload that a Scale asks for.

    Raises:
        ApiError: 400: its replicas are no whole number of at least 0.
    """
    replicas = _part(wanted, "spec").get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        why = f"spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0"
        raise errors.bad_request(f"Scale.autoscaling is invalid: {why}")
    revision = _part(wanted, "metadata").get("resourceVersion")

    def scaled(workload: Object) -> Object:
        if revision:
            workload["metadata"]["resourceVersion"] = revision
        workload["spec"]["replicas"] = replicas
        return workload

    return scaled


def _part(wanted: Object, name: str) -> Object:
    part = wanted.get(name) or {}
    if not isinstance(part, dict):
        raise errors.bad_request(
            f"json: cannot unmarshal {json_word(part)} into Go struct field Scale.{name}"
        )
    return part


def patched(change: Mutation) -> Mutation:
    """A patch of the Scale as a change of its workload."""

    def scaled(workload: Object) -> Object:
        return scaling(change(scale_of(workload)))(workload)

    return scaled
