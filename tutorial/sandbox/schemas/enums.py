"""The values of fields that take one of a few: the packed definitions of Kubernetes have none.

Used by `openapi.py`, so that `kubectl explain` lists them. Source: the `+enum` types of k8s.io/api 1.36.
"""

from __future__ import annotations

from tutorial.sandbox.schemas.definitions import Schema

_PROTOCOL = ("SCTP", "TCP", "UDP")
_TRAFFIC_POLICY = ("Cluster", "Local")
_TAINT_EFFECT = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_VALUES: dict[str, dict[str, tuple[str, ...]]] = {
    "io.k8s.api.apps.v1.DeploymentStrategy": {"type": ("Recreate", "RollingUpdate")},
    "io.k8s.api.core.v1.Container": {
        "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
        "terminationMessagePolicy": ("FallbackToLogsOnError", "File"),
    },
    "io.k8s.api.core.v1.ContainerPort": {"protocol": _PROTOCOL},
    "io.k8s.api.core.v1.EndpointPort": {"protocol": _PROTOCOL},
    "io.k8s.api.core.v1.HTTPGetAction": {"scheme": ("HTTP", "HTTPS")},
    "io.k8s.api.core.v1.NamespaceStatus": {"phase": ("Active", "Terminating")},
    "io.k8s.api.core.v1.PodSpec": {
        "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
        "preemptionPolicy": ("Never", "PreemptLowerPriority"),
        "restartPolicy": ("Always", "Never", "OnFailure"),
    },
    "io.k8s.api.core.v1.PodStatus": {
        "phase": ("Failed", "Pending", "Running", "Succeeded", "Unknown"),
        "qosClass": ("BestEffort", "Burstable", "Guaranteed"),
    },
    "io.k8s.api.core.v1.ServicePort": {"protocol": _PROTOCOL},
    "io.k8s.api.core.v1.ServiceSpec": {
        "externalTrafficPolicy": _TRAFFIC_POLICY,
        "internalTrafficPolicy": _TRAFFIC_POLICY,
        "ipFamilyPolicy": ("PreferDualStack", "RequireDualStack", "SingleStack"),
        "sessionAffinity": ("ClientIP", "None"),
        "type": ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    },
    "io.k8s.api.core.v1.Taint": {"effect": _TAINT_EFFECT},
    "io.k8s.api.core.v1.Toleration": {"effect": _TAINT_EFFECT},
    "io.k8s.api.discovery.v1.EndpointPort": {"protocol": _PROTOCOL},
    "io.k8s.api.discovery.v1.EndpointSlice": {"addressType": ("FQDN", "IPv4", "IPv6")},
}


def with_enums(name: str, schema: Schema) -> Schema:
    """A component with the values of its fields; the same where there are none."""
    known = _VALUES.get(name)
    if known is None:
        return schema
    fields = {
        field: {**described, "enum": list(known[field])} if field in known else described
        for field, described in schema["properties"].items()
    }
    return {**schema, "properties": fields}
