"""Defaults of Deployments and ReplicaSets."""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.defaults import pod


def default_deployment(deployment: Object) -> None:
    """Fill in a Deployment, in place."""
    spec = deployment.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    _default_template(spec)


def default_replica_set(replica_set: Object) -> None:
    """Fill in a ReplicaSet, in place."""
    spec = replica_set.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _default_template(spec)
    replica_set.setdefault("status", {}).setdefault("replicas", 0)


def _default_template(spec: dict[str, Any]) -> None:
    template = spec.get("template")
    if isinstance(template, dict):
        template.setdefault("metadata", {})
        pod.default_spec(template.setdefault("spec", {}))
