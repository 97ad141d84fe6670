"""The resource types that the sandbox serves: one table for API, store and controllers.

Source of names, short names and categories: `kubectl api-resources` on Kubernetes 1.36 with
Istio 1.31.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ResourceType:
    """One kind of object. `group` is empty for the core group; `schema` names the definition
    that validates it, as the build hook wrote it (`io.k8s.api.core.v1.Service`); `verbs` is
    empty for all of them; `virtual` kinds are answered, never stored (access reviews)."""

    group: str
    version: str
    kind: str
    plural: str
    schema: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    virtual: bool = False
    custom: bool = False

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def storage_key(self) -> tuple[str, str]:
        """Versions of one kind share their stored objects."""
        return (self.group, self.plural)


_CORE = "io.k8s.api.core.v1."
_APPS = "io.k8s.api.apps.v1."
_RBAC = "io.k8s.api.rbac.v1."
_AUTHENTICATION = "io.k8s.api.authentication.v1."
_AUTHORIZATION = "io.k8s.api.authorization.v1."

RBAC_GROUP = "rbac.authorization.k8s.io"

POD = ResourceType(
    "",
    "v1",
    "Pod",
    "pods",
    _CORE + "Pod",
    short_names=("po",),
    categories=("all",),
    subresources=("status", "log", "exec", "attach", "portforward"),
)
SERVICE = ResourceType(
    "",
    "v1",
    "Service",
    "services",
    _CORE + "Service",
    short_names=("svc",),
    categories=("all",),
    subresources=("status",),
)
ENDPOINTS = ResourceType("", "v1", "Endpoints", "endpoints", _CORE + "Endpoints", short_names=("ep",))
NAMESPACE = ResourceType(
    "",
    "v1",
    "Namespace",
    "namespaces",
    _CORE + "Namespace",
    namespaced=False,
    short_names=("ns",),
    subresources=("status", "finalize"),
)
NODE = ResourceType(
    "", "v1", "Node", "nodes", _CORE + "Node", namespaced=False, short_names=("no",), subresources=("status",)
)
SERVICE_ACCOUNT = ResourceType(
    "",
    "v1",
    "ServiceAccount",
    "serviceaccounts",
    _CORE + "ServiceAccount",
    short_names=("sa",),
    subresources=("token",),
)
CONFIG_MAP = ResourceType("", "v1", "ConfigMap", "configmaps", _CORE + "ConfigMap", short_names=("cm",))
SECRET = ResourceType("", "v1", "Secret", "secrets", _CORE + "Secret")
EVENT = ResourceType("", "v1", "Event", "events", _CORE + "Event", short_names=("ev",))
LEASE = ResourceType("coordination.k8s.io", "v1", "Lease", "leases", "io.k8s.api.coordination.v1.Lease")
DEPLOYMENT = ResourceType(
    "apps",
    "v1",
    "Deployment",
    "deployments",
    _APPS + "Deployment",
    short_names=("deploy",),
    categories=("all",),
    subresources=("status", "scale"),
)
REPLICA_SET = ResourceType(
    "apps",
    "v1",
    "ReplicaSet",
    "replicasets",
    _APPS + "ReplicaSet",
    short_names=("rs",),
    categories=("all",),
    subresources=("status", "scale"),
)
ENDPOINT_SLICE = ResourceType(
    "discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "io.k8s.api.discovery.v1.EndpointSlice"
)


def _istio(area: str, version: str, kind: str, plural: str, short_name: str) -> ResourceType:
    """A kind of Istio's; all its versions share one schema."""
    return ResourceType(
        f"{area}.istio.io",
        version,
        kind,
        plural,
        f"io.istio.{area}.v1.{kind}",
        short_names=(short_name,),
        categories=("istio-io", f"{area}-istio-io"),
        custom=True,
    )


DESTINATION_RULE = _istio("networking", "v1", "DestinationRule", "destinationrules", "dr")
SERVICE_ENTRY = _istio("networking", "v1", "ServiceEntry", "serviceentries", "se")
VIRTUAL_SERVICE = _istio("networking", "v1", "VirtualService", "virtualservices", "vs")
PEER_AUTHENTICATION = _istio("security", "v1", "PeerAuthentication", "peerauthentications", "pa")
_OLDER_VERSIONS = (
    *(
        replace(kind, version=version)
        for version in ("v1beta1", "v1alpha3")
        for kind in (DESTINATION_RULE, SERVICE_ENTRY, VIRTUAL_SERVICE)
    ),
    replace(PEER_AUTHENTICATION, version="v1beta1"),
)
ROLE = ResourceType(RBAC_GROUP, "v1", "Role", "roles", _RBAC + "Role")
ROLE_BINDING = ResourceType(RBAC_GROUP, "v1", "RoleBinding", "rolebindings", _RBAC + "RoleBinding")
CLUSTER_ROLE = ResourceType(
    RBAC_GROUP, "v1", "ClusterRole", "clusterroles", _RBAC + "ClusterRole", namespaced=False
)
CLUSTER_ROLE_BINDING = ResourceType(
    RBAC_GROUP,
    "v1",
    "ClusterRoleBinding",
    "clusterrolebindings",
    _RBAC + "ClusterRoleBinding",
    namespaced=False,
)


def _review(group: str, kind: str, schema: str, *, namespaced: bool = False) -> ResourceType:
    return ResourceType(
        group, "v1", kind, kind.lower() + "s", schema + kind, namespaced=namespaced, virtual=True
    )


SELF_SUBJECT_REVIEW = _review("authentication.k8s.io", "SelfSubjectReview", _AUTHENTICATION)
TOKEN_REVIEW = _review("authentication.k8s.io", "TokenReview", _AUTHENTICATION)
LOCAL_SUBJECT_ACCESS_REVIEW = _review(
    "authorization.k8s.io", "LocalSubjectAccessReview", _AUTHORIZATION, namespaced=True
)
SELF_SUBJECT_ACCESS_REVIEW = _review("authorization.k8s.io", "SelfSubjectAccessReview", _AUTHORIZATION)
SELF_SUBJECT_RULES_REVIEW = _review("authorization.k8s.io", "SelfSubjectRulesReview", _AUTHORIZATION)
SUBJECT_ACCESS_REVIEW = _review("authorization.k8s.io", "SubjectAccessReview", _AUTHORIZATION)
TOKEN_REQUEST = _review("authentication.k8s.io", "TokenRequest", _AUTHENTICATION)
"""What is sent to a service account's `token`; there is no collection of it."""

RESOURCES: tuple[ResourceType, ...] = (
    CONFIG_MAP,
    ENDPOINTS,
    EVENT,
    NAMESPACE,
    NODE,
    POD,
    SECRET,
    SERVICE_ACCOUNT,
    SERVICE,
    DEPLOYMENT,
    REPLICA_SET,
    SELF_SUBJECT_REVIEW,
    TOKEN_REVIEW,
    LOCAL_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    LEASE,
    ENDPOINT_SLICE,
    DESTINATION_RULE,
    SERVICE_ENTRY,
    VIRTUAL_SERVICE,
    CLUSTER_ROLE_BINDING,
    CLUSTER_ROLE,
    ROLE_BINDING,
    ROLE,
    PEER_AUTHENTICATION,
    *_OLDER_VERSIONS,
)

CUSTOM_RESOURCE_DEFINITION = ResourceType(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    namespaced=False,
    short_names=("crd", "crds"),
    categories=("api-extensions",),
)


def _absent(
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
        f"io.k8s.api.{group.partition('.')[0] or 'core'}.{version}.{kind}",
        namespaced=namespaced,
        short_names=tuple(short_names.split()),
        categories=("all",) if listed else (),
    )


ABSENT = (
    _absent("v1", "LimitRange", "limitranges", "limits"),
    _absent("v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc"),
    _absent("v1", "PersistentVolume", "persistentvolumes", "pv", namespaced=False),
    _absent("v1", "ReplicationController", "replicationcontrollers", "rc", listed=True),
    _absent("v1", "ResourceQuota", "resourcequotas", "quota"),
    _absent("apps/v1", "DaemonSet", "daemonsets", "ds", listed=True),
    _absent("apps/v1", "StatefulSet", "statefulsets", "sts", listed=True),
    _absent("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", listed=True),
    _absent("autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", listed=True),
    _absent("batch/v1", "CronJob", "cronjobs", "cj", listed=True),
    _absent("batch/v1", "Job", "jobs", "", listed=True),
    _absent("networking.k8s.io/v1", "Ingress", "ingresses", "ing"),
    _absent("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol"),
    _absent("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb"),
    CUSTOM_RESOURCE_DEFINITION,
)
"""Kinds that are known and not run: see `tutorial.sandbox.api.absent`."""
