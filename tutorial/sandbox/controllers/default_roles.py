"""The roles and bindings that every cluster has. Made by `bootstrap`.

Source: Kubernetes documentation, "Using RBAC Authorization", default roles; `kubectl get clusterroles`
on a 1.36 server. The roles of Kubernetes' own components are left out: here they are no users.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import RBAC_GROUP

_LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_ANNOTATIONS = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")
_CONNECTIONS = ("pods/attach", "pods/exec", "pods/portforward", "pods/proxy")
_WORKLOADS = ("daemonsets", "deployments", "replicasets", "statefulsets")
_SCALES = ("deployments/scale", "replicasets/scale", "statefulsets/scale")
_STATES = tuple(f"{workload}/status" for workload in _WORKLOADS)
_HEALTH = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_DISCOVERY = ("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> Object:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


def _role(name: str, rules: Sequence[Object], labels: Mapping[str, str] | None = None) -> Object:
    metadata = {"name": name, "labels": {**_LABELS, **(labels or {})}, "annotations": _ANNOTATIONS}
    return {"metadata": metadata, "rules": list(rules)}


def _to(role: str) -> dict[str, str]:
    """The label that adds a role's rules to an aggregated one."""
    return {f"rbac.authorization.k8s.io/aggregate-to-{role}": "true"}


def _aggregated(name: str, also_to: str = "") -> Object:
    role = _role(name, (), _to(also_to) if also_to else None)
    return {**role, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": _to(name)}]}}


def _binding(role: str, *groups: str) -> Object:
    metadata = {"name": role, "labels": _LABELS, "annotations": _ANNOTATIONS}
    subjects = [{"kind": "Group", "apiGroup": RBAC_GROUP, "name": group} for group in groups]
    reference = {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role}
    return {"metadata": metadata, "roleRef": reference, "subjects": subjects}


_TO_VIEW = (
    _rule(
        "",
        (
            "configmaps",
            "endpoints",
            "persistentvolumeclaims",
            "persistentvolumeclaims/status",
            "pods",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "serviceaccounts",
            "services",
            "services/status",
        ),
        _READ,
    ),
    _rule(
        "",
        (
            "bindings",
            "events",
            "limitranges",
            "namespaces/status",
            "pods/log",
            "pods/status",
            "replicationcontrollers/status",
            "resourcequotas",
            "resourcequotas/status",
        ),
        _READ,
    ),
    _rule("", ("namespaces",), _READ),
    _rule("discovery.k8s.io", ("endpointslices",), _READ),
    _rule("apps", ("controllerrevisions", *_WORKLOADS, *_SCALES, *_STATES), _READ),
    _rule("autoscaling", ("horizontalpodautoscalers", "horizontalpodautoscalers/status"), _READ),
    _rule("batch", ("cronjobs", "cronjobs/status", "jobs", "jobs/status"), _READ),
    _rule("policy", ("poddisruptionbudgets", "poddisruptionbudgets/status"), _READ),
    _rule("networking.k8s.io", ("ingresses", "ingresses/status", "networkpolicies"), _READ),
)
_TO_EDIT = (
    _rule("", (*_CONNECTIONS, "secrets", "services/proxy"), _READ),
    _rule("", ("serviceaccounts",), ("impersonate",)),
    _rule("", ("pods", *_CONNECTIONS), _WRITE),
    _rule("", ("pods/eviction",), ("create",)),
    _rule(
        "",
        (
            "configmaps",
            "events",
            "persistentvolumeclaims",
            "replicationcontrollers",
            "replicationcontrollers/scale",
            "secrets",
            "serviceaccounts",
            "services",
            "services/proxy",
        ),
        _WRITE,
    ),
    _rule("", ("serviceaccounts/token",), ("create",)),
    _rule("apps", (*_WORKLOADS, "deployments/rollback", *_SCALES), _WRITE),
    _rule("autoscaling", ("horizontalpodautoscalers",), _WRITE),
    _rule("batch", ("cronjobs", "jobs"), _WRITE),
    _rule("policy", ("poddisruptionbudgets",), _WRITE),
    _rule("networking.k8s.io", ("ingresses", "networkpolicies"), _WRITE),
    _rule("coordination.k8s.io", ("leases",), (*_READ, *_WRITE)),
)
_TO_ADMIN = (
    _rule("authorization.k8s.io", ("localsubjectaccessreviews",), ("create",)),
    _rule(RBAC_GROUP, ("rolebindings", "roles"), (*_READ, *_WRITE)),
)
_SELF = ("selfsubjectaccessreviews", "selfsubjectrulesreviews")

CLUSTER_ROLES: tuple[Object, ...] = (
    _role(
        "cluster-admin",
        (_rule("*", ("*",), ("*",)), {"nonResourceURLs": ["*"], "verbs": ["*"]}),
    ),
    _aggregated("admin"),
    _aggregated("edit", also_to="admin"),
    _aggregated("view", also_to="edit"),
    _role("system:aggregate-to-admin", _TO_ADMIN, _to("admin")),
    _role("system:aggregate-to-edit", _TO_EDIT, _to("edit")),
    _role("system:aggregate-to-view", _TO_VIEW, _to("view")),
    _role(
        "system:basic-user",
        (
            _rule("authorization.k8s.io", _SELF, ("create",)),
            _rule("authentication.k8s.io", ("selfsubjectreviews",), ("create",)),
        ),
    ),
    _role("system:discovery", ({"nonResourceURLs": [*_DISCOVERY, *_HEALTH], "verbs": ["get"]},)),
    _role("system:public-info-viewer", ({"nonResourceURLs": list(_HEALTH), "verbs": ["get"]},)),
)
"""`admin`, `edit` and `view` get their rules by aggregation."""

CLUSTER_ROLE_BINDINGS: tuple[Object, ...] = (
    _binding("cluster-admin", "system:masters"),
    _binding("system:basic-user", "system:authenticated"),
    _binding("system:discovery", "system:authenticated"),
    _binding("system:public-info-viewer", "system:authenticated", "system:unauthenticated"),
)
