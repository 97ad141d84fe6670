"""Kinds that the sandbox knows but does not run: lists of them are empty, and writing one is refused.

kubectl asks for them in passing (`get all`, `describe namespace`, `apply --prune`), and a list that
is empty answers it truly. Used by discovery, routes and `tutorial.sandbox.api.handlers`.
"""

from __future__ import annotations

from tutorial.sandbox.resources import ResourceType

_ALL = ("all",)


def _kind(
    api_version: str,
    kind: str,
    plural: str,
    short_names: str,
    *,
    namespaced: bool = True,
    listed: bool = False,
) -> ResourceType:
    group, _, version = api_version.rpartition("/")
    return ResourceType(
        group,
        version,
        kind,
        plural,
        schema="",
        namespaced=namespaced,
        short_names=tuple(short_names.split()),
        categories=_ALL if listed else (),
    )


ABSENT = (
    _kind("v1", "LimitRange", "limitranges", "limits"),
    _kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc"),
    _kind("v1", "PersistentVolume", "persistentvolumes", "pv", namespaced=False),
    _kind("v1", "ReplicationController", "replicationcontrollers", "rc", listed=True),
    _kind("v1", "ResourceQuota", "resourcequotas", "quota"),
    _kind("apps/v1", "DaemonSet", "daemonsets", "ds", listed=True),
    _kind("apps/v1", "StatefulSet", "statefulsets", "sts", listed=True),
    _kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", listed=True),
    _kind("batch/v1", "CronJob", "cronjobs", "cj", listed=True),
    _kind("batch/v1", "Job", "jobs", "", listed=True),
    _kind("coordination.k8s.io/v1", "Lease", "leases", ""),
    _kind("networking.k8s.io/v1", "Ingress", "ingresses", "ing"),
    _kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol"),
    _kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb"),
)
_KEYS = frozenset(resource.storage_key for resource in ABSENT)


def is_absent(resource: ResourceType) -> bool:
    """Whether objects of that kind can only be asked for."""
    return resource.storage_key in _KEYS
