"""The names of Go's types behind the schemas, which Kubernetes' decoding errors mention.

Called by `decoding.py` and `typed_value.py`, and for patches by the API.
"""

from __future__ import annotations

from typing import Any

import orjson

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


_VALUE_TYPES = {dict: "map", list: "slice", str: "string", bool: "bool", int: "int64", float: "float64"}


def conversion_fault(value: Any, wanted: str) -> str:
    """Why a value cannot become a Go type when it is converted without JSON, as in a strategic merge
    patch. Source of the words: the unstructured converter of k8s.io/apimachinery."""
    got = _VALUE_TYPES[type(value)]
    if wanted.startswith("[]"):
        return f"cannot restore slice from {got}"
    if wanted.startswith("map["):
        return f"cannot restore map from {got}"
    if wanted in ("int32", "int64"):
        return f"cannot convert {got} to {wanted}" if got == "float64" else f"unrecognized type: {wanted}"
    if wanted == "bool":
        return "unrecognized type: bool"
    if wanted == "string" or ("." in wanted and wanted in _NAMED_TEXTS.values()):
        return f"cannot convert {got} to {wanted}" if got == "int64" else "unrecognized type: string"
    return f"cannot restore struct from: {got}"


def go_text(value: Any) -> str:
    """A JSON value as Go prints it: `map[spec:map[ports:[map[port:80]]]]`."""
    match value:
        case dict():
            return "map[" + " ".join(f"{key}:{go_text(value[key])}" for key in sorted(value)) + "]"
        case list():
            return "[" + " ".join(go_text(item) for item in value) + "]"
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
    return str(value)


def go_syntax(value: Any) -> str:
    """A JSON value as Go writes it in its source: `[]interface {}{"a", 1}`."""
    match value:
        case dict():
            members = ", ".join(f"{go_syntax(key)}:{go_syntax(value[key])}" for key in sorted(value))
            return f"map[string]interface {{}}{{{members}}}"
        case list():
            return f"[]interface {{}}{{{', '.join(go_syntax(item) for item in value)}}}"
        case None:
            return "interface {}(nil)"
        case str():
            return orjson.dumps(value).decode()
    return go_text(value)
