"""Who a pod is to the mesh: workload, canonical service, node id, peer metadata.

Used by `injection` when a pod is made and by `control` when its proxy is configured.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from tutorial.sandbox.ports import Object

CLUSTER_ID = "Kubernetes"
CANONICAL_NAME = "service.istio.io/canonical-name"
CANONICAL_REVISION = "service.istio.io/canonical-revision"

_PEER_LABELS = ("app", "version", CANONICAL_NAME, CANONICAL_REVISION)

# Field numbers of google.protobuf.Struct, its map entries, and Value; the wire type of each is 2.
_STRUCT_FIELDS = 1
_ENTRY_KEY = 1
_ENTRY_VALUE = 2
_VALUE_STRING = 3
_VALUE_STRUCT = 5

Fields = Mapping[str, "str | Fields"]


@dataclass(frozen=True)
class Workload:
    """What made a pod: `kind` and `name` are the pod's own for a pod that nothing made."""

    api_version: str
    kind: str
    name: str


def workload_of(pod: Object) -> Workload:
    """The Deployment behind a ReplicaSet's pod, else the pod's controller, else the pod."""
    metadata = pod["metadata"]
    for owner in metadata.get("ownerReferences") or ():
        if not owner.get("controller"):
            continue
        template = (metadata.get("labels") or {}).get("pod-template-hash")
        if owner["kind"] == "ReplicaSet" and template and owner["name"].endswith(f"-{template}"):
            return Workload("apps/v1", "Deployment", owner["name"].removesuffix(f"-{template}"))
        return Workload(owner["apiVersion"], owner["kind"], owner["name"])
    return Workload("v1", "Pod", metadata.get("name") or metadata.get("generateName", "").rstrip("-"))


def owner_path(workload: Workload, namespace: str) -> str:
    """The workload as Istio names it in its metadata."""
    plural = workload.kind.lower() + "s"
    return f"kubernetes://apis/{workload.api_version}/namespaces/{namespace}/{plural}/{workload.name}"


def canonical_labels(pod: Object, workload: Workload | None = None) -> dict[str, str]:
    """Canonical service name and revision, as Istio takes them from the labels people use, else
    from the workload: the pod's own, unless a template's is given."""
    labels = pod["metadata"].get("labels") or {}
    name = labels.get(CANONICAL_NAME) or labels.get("app.kubernetes.io/name") or labels.get("app")
    revision = (
        labels.get(CANONICAL_REVISION) or labels.get("app.kubernetes.io/version") or labels.get("version")
    )
    name = name or (workload or workload_of(pod)).name
    return {CANONICAL_NAME: name, CANONICAL_REVISION: revision or "latest"}


def node_id(pod: Object, pod_ip: str) -> str:
    """Envoy's node id: what X-Envoy-Peer-Metadata-Id carries."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    return f"sidecar~{pod_ip}~{name}.{namespace}~{namespace}.svc.cluster.local"


def peer_metadata(pod: Object) -> str:
    """The value of X-Envoy-Peer-Metadata since Istio 1.24: base64 of a protobuf Struct whose keys
    are in order."""
    metadata = pod["metadata"]
    workload = workload_of(pod)
    labels = {**(metadata.get("labels") or {}), **canonical_labels(pod, workload)}
    namespace = metadata["namespace"]
    fields: Fields = {
        "CLUSTER_ID": CLUSTER_ID,
        "LABELS": {key: labels[key] for key in _PEER_LABELS if key in labels},
        "NAME": metadata["name"],
        "NAMESPACE": namespace,
        "OWNER": owner_path(workload, namespace),
        "WORKLOAD_NAME": workload.name,
    }
    return base64.b64encode(_encode_struct(fields)).decode()


def _encode_struct(fields: Fields) -> bytes:
    return b"".join(
        _delimited(
            _STRUCT_FIELDS,
            _delimited(_ENTRY_KEY, key.encode()) + _delimited(_ENTRY_VALUE, _encode_value(value)),
        )
        for key, value in sorted(fields.items())
    )


def _encode_value(value: str | Fields) -> bytes:
    if isinstance(value, str):
        return _delimited(_VALUE_STRING, value.encode())
    return _delimited(_VALUE_STRUCT, _encode_struct(value))


def _delimited(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
