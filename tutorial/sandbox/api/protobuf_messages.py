"""The field numbers of the messages that kubectl sends. Read by `tutorial.sandbox.api.protobuf`.

Source: the `generated.proto` files of k8s.io/api 1.36. Only fields that a kubectl command can set.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """`type` is a scalar or a message of `MESSAGES`; a `pointer` keeps its zero value."""

    name: str
    type: str = "string"
    repeated: bool = False
    map: bool = False
    pointer: bool = False


def _text(name: str) -> Field:
    return Field(name)


def _optional(name: str, type: str = "string") -> Field:
    return Field(name, type, pointer=True)


def _many(name: str, type: str = "string") -> Field:
    return Field(name, type, repeated=True)


def _map(name: str, type: str = "string") -> Field:
    return Field(name, type, map=True)


_METADATA = Field("metadata", "ObjectMeta")

MESSAGES: dict[str, dict[int, Field]] = {
    "ObjectMeta": {
        1: _text("name"),
        2: _text("generateName"),
        3: _text("namespace"),
        4: _text("selfLink"),
        5: _text("uid"),
        6: _text("resourceVersion"),
        7: Field("generation", "int"),
        8: Field("creationTimestamp", "Time"),
        9: _optional("deletionTimestamp", "Time"),
        10: _optional("deletionGracePeriodSeconds", "int"),
        11: _map("labels"),
        12: _map("annotations"),
        13: _many("ownerReferences", "OwnerReference"),
        14: _many("finalizers"),
        17: _many("managedFields", "ManagedFieldsEntry"),
    },
    "ManagedFieldsEntry": {
        1: _text("manager"),
        2: _text("operation"),
        3: _text("apiVersion"),
        4: _optional("time", "Time"),
        6: _text("fieldsType"),
        7: _optional("fieldsV1", "FieldsV1"),
        8: _text("subresource"),
    },
    "OwnerReference": {
        1: _text("kind"),
        3: _text("name"),
        4: _text("uid"),
        5: _text("apiVersion"),
        6: _optional("controller", "bool"),
        7: _optional("blockOwnerDeletion", "bool"),
    },
    "LabelSelector": {1: _map("matchLabels"), 2: _many("matchExpressions", "LabelSelectorRequirement")},
    "LabelSelectorRequirement": {1: _text("key"), 2: _text("operator"), 3: _many("values")},
    "DeleteOptions": {
        1: _optional("gracePeriodSeconds", "int"),
        2: Field("preconditions", "Preconditions"),
        4: _optional("propagationPolicy"),
        5: _many("dryRun"),
    },
    "Preconditions": {1: _optional("uid"), 2: _optional("resourceVersion")},
    "Namespace": {1: _METADATA, 2: Field("spec", "NamespaceSpec")},
    "NamespaceSpec": {1: _many("finalizers")},
    "ConfigMap": {
        1: _METADATA,
        2: _map("data"),
        3: _map("binaryData", "bytes"),
        4: _optional("immutable", "bool"),
    },
    "Secret": {
        1: _METADATA,
        2: _map("data", "bytes"),
        3: _text("type"),
        4: _map("stringData"),
        5: _optional("immutable", "bool"),
    },
    "ServiceAccount": {
        1: _METADATA,
        2: _many("secrets", "ObjectReference"),
        3: _many("imagePullSecrets", "LocalObjectReference"),
        4: _optional("automountServiceAccountToken", "bool"),
    },
    "ObjectReference": {1: _text("kind"), 2: _text("namespace"), 3: _text("name"), 5: _text("apiVersion")},
    "LocalObjectReference": {1: _text("name")},
    "Service": {1: _METADATA, 2: Field("spec", "ServiceSpec")},
    "ServiceSpec": {
        1: _many("ports", "ServicePort"),
        2: _map("selector"),
        3: _text("clusterIP"),
        4: _text("type"),
        5: _many("externalIPs"),
        7: _text("sessionAffinity"),
        8: _text("loadBalancerIP"),
        9: _many("loadBalancerSourceRanges"),
        10: _text("externalName"),
        11: _text("externalTrafficPolicy"),
        13: Field("publishNotReadyAddresses", "bool"),
        17: _optional("ipFamilyPolicy"),
        18: _many("clusterIPs"),
        19: _many("ipFamilies"),
        22: _optional("internalTrafficPolicy"),
    },
    "ServicePort": {
        1: _text("name"),
        2: _text("protocol"),
        3: Field("port", "int"),
        4: Field("targetPort", "IntOrString"),
        5: Field("nodePort", "int"),
        6: _optional("appProtocol"),
    },
    "Deployment": {1: _METADATA, 2: Field("spec", "DeploymentSpec")},
    "DeploymentSpec": {
        1: _optional("replicas", "int"),
        2: Field("selector", "LabelSelector"),
        3: Field("template", "PodTemplateSpec"),
        4: Field("strategy", "DeploymentStrategy"),
        5: Field("minReadySeconds", "int"),
        6: _optional("revisionHistoryLimit", "int"),
        7: Field("paused", "bool"),
        9: _optional("progressDeadlineSeconds", "int"),
    },
    "DeploymentStrategy": {1: _text("type")},
    "PodTemplateSpec": {1: _METADATA, 2: Field("spec", "PodSpec")},
    "PodSpec": {
        2: _many("containers", "Container"),
        3: _text("restartPolicy"),
        4: _optional("terminationGracePeriodSeconds", "int"),
        6: _text("dnsPolicy"),
        7: _map("nodeSelector"),
        8: _text("serviceAccountName"),
        10: _text("nodeName"),
        20: _many("initContainers", "Container"),
    },
    "Container": {
        1: _text("name"),
        2: _text("image"),
        3: _many("command"),
        4: _many("args"),
        5: _text("workingDir"),
        6: _many("ports", "ContainerPort"),
        7: _many("env", "EnvVar"),
        8: Field("resources", "ResourceRequirements"),
        14: _text("imagePullPolicy"),
        16: Field("stdin", "bool"),
        17: Field("stdinOnce", "bool"),
        18: Field("tty", "bool"),
    },
    "ContainerPort": {
        1: _text("name"),
        2: Field("hostPort", "int"),
        3: Field("containerPort", "int"),
        4: _text("protocol"),
    },
    "EnvVar": {1: _text("name"), 2: _text("value")},
    "ResourceRequirements": {1: _map("limits", "Quantity"), 2: _map("requests", "Quantity")},
    "PolicyRule": {
        1: _many("verbs"),
        2: _many("apiGroups"),
        3: _many("resources"),
        4: _many("resourceNames"),
        5: _many("nonResourceURLs"),
    },
    "AggregationRule": {1: _many("clusterRoleSelectors", "LabelSelector")},
    "RoleRef": {1: _text("apiGroup"), 2: _text("kind"), 3: _text("name")},
    "Subject": {1: _text("kind"), 2: _text("apiGroup"), 3: _text("name"), 4: _text("namespace")},
    "Role": {1: _METADATA, 2: _many("rules", "PolicyRule")},
    "ClusterRole": {
        1: _METADATA,
        2: _many("rules", "PolicyRule"),
        3: _optional("aggregationRule", "AggregationRule"),
    },
    "RoleBinding": {1: _METADATA, 2: _many("subjects", "Subject"), 3: Field("roleRef", "RoleRef")},
    "TokenRequest": {1: _METADATA, 2: Field("spec", "TokenRequestSpec")},
    "TokenRequestSpec": {
        1: _many("audiences"),
        3: _optional("boundObjectRef", "BoundObjectReference"),
        4: _optional("expirationSeconds", "int"),
    },
    "BoundObjectReference": {1: _text("kind"), 2: _text("apiVersion"), 3: _text("name"), 4: _text("uid")},
    "SelfSubjectReview": {1: _METADATA},
    "SelfSubjectAccessReview": {1: _METADATA, 2: Field("spec", "SelfSubjectAccessReviewSpec")},
    "SelfSubjectAccessReviewSpec": {
        1: Field("resourceAttributes", "ResourceAttributes"),
        2: Field("nonResourceAttributes", "NonResourceAttributes"),
    },
    "ResourceAttributes": {
        1: _text("namespace"),
        2: _text("verb"),
        3: _text("group"),
        4: _text("version"),
        5: _text("resource"),
        6: _text("subresource"),
        7: _text("name"),
    },
    "NonResourceAttributes": {1: _text("path"), 2: _text("verb")},
    "SelfSubjectRulesReview": {1: _METADATA, 2: Field("spec", "SelfSubjectRulesReviewSpec")},
    "SelfSubjectRulesReviewSpec": {1: _text("namespace")},
}

KINDS: dict[tuple[str, str], str] = {
    ("v1", "Namespace"): "Namespace",
    ("v1", "ConfigMap"): "ConfigMap",
    ("v1", "Secret"): "Secret",
    ("v1", "ServiceAccount"): "ServiceAccount",
    ("v1", "Service"): "Service",
    ("v1", "DeleteOptions"): "DeleteOptions",
    ("meta.k8s.io/v1", "DeleteOptions"): "DeleteOptions",
    ("apps/v1", "Deployment"): "Deployment",
    ("rbac.authorization.k8s.io/v1", "Role"): "Role",
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): "RoleBinding",
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): "ClusterRole",
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): "RoleBinding",
    ("authentication.k8s.io/v1", "TokenRequest"): "TokenRequest",
    ("authentication.k8s.io/v1", "SelfSubjectReview"): "SelfSubjectReview",
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview"): "SelfSubjectAccessReview",
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview"): "SelfSubjectRulesReview",
}
