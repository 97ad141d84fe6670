"""The names of Go's types behind the schemas, which Kubernetes' decoding errors mention.

Called by `decoding.py`.
"""

from __future__ import annotations

from tutorial.sandbox.schemas.definitions import Schema, reference

_NAMED_TEXTS = {
    ("ServiceSpec", "type"): "v1.ServiceType",
    ("ServiceSpec", "sessionAffinity"): "v1.ServiceAffinity",
    ("ServiceSpec", "ipFamilies"): "v1.IPFamily",
    ("ServiceSpec", "ipFamilyPolicy"): "v1.IPFamilyPolicy",
    ("ServiceSpec", "internalTrafficPolicy"): "v1.ServiceInternalTrafficPolicy",
    ("ServiceSpec", "externalTrafficPolicy"): "v1.ServiceExternalTrafficPolicy",
    ("ServicePort", "protocol"): "v1.Protocol",
    ("EndpointPort", "protocol"): "v1.Protocol",
    ("ContainerPort", "protocol"): "v1.Protocol",
    ("EndpointSlice", "addressType"): "v1.AddressType",
    ("PodSpec", "restartPolicy"): "v1.RestartPolicy",
    ("PodSpec", "dnsPolicy"): "v1.DNSPolicy",
    ("Container", "restartPolicy"): "v1.ContainerRestartPolicy",
    ("Container", "imagePullPolicy"): "v1.PullPolicy",
    ("Container", "terminationMessagePolicy"): "v1.TerminationMessagePolicy",
    ("DeploymentStrategy", "type"): "v1.DeploymentStrategyType",
    ("LabelSelectorRequirement", "operator"): "v1.LabelSelectorOperator",
    ("Secret", "type"): "v1.SecretType",
    ("ObjectReference", "uid"): "types.UID",
    ("ObjectMeta", "uid"): "types.UID",
    ("OwnerReference", "uid"): "types.UID",
}
"""Fields whose text has a type of its own in k8s.io/api, by structure and field."""


_PLAIN_TYPES = {
    ("integer", ""): "int32",
    ("integer", "int32"): "int32",
    ("integer", "int64"): "int64",
    ("boolean", ""): "bool",
    ("number", ""): "float64",
    ("number", "double"): "float64",
    ("string", "byte"): "[]uint8",
}


def short_name(component: str) -> str:
    """`ServicePort` of `io.k8s.api.core.v1.ServicePort`."""
    return component.rpartition(".")[2]


def go_type(owner: str, field: str, schema: Schema) -> str:
    """The type of a field as Go prints it: `int32`, `[]v1.ServicePort`, `map[string]string`."""
    name = reference(schema)
    if name:
        package, _, kind = name.rpartition(".")
        return f"{package.rpartition('.')[2]}.{kind}"
    match schema:
        case {"type": "array", "items": items}:
            return "[]" + go_type(owner, field, items)
        case {"additionalProperties": dict(values)}:
            return "map[string]" + go_type(owner, field, values)
    form = (schema.get("type", ""), schema.get("format", ""))
    return _PLAIN_TYPES.get(form) or _NAMED_TEXTS.get((owner, field), "string")
