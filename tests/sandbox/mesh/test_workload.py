from __future__ import annotations

import base64
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sandbox.objects_for_tests import pod

from tutorial.sandbox.mesh.workload import canonical_labels, node_id, peer_metadata, workload_of
from tutorial.sandbox.ports import Object


def read_fields(encoded: bytes) -> list[tuple[int, bytes]]:
    """The fields of a protobuf message whose fields are all length-delimited."""
    fields, position = [], 0
    while position < len(encoded):
        assert encoded[position] & 7 == 2
        number, position = encoded[position] >> 3, position + 1
        length = shift = 0
        while True:
            byte, position = encoded[position], position + 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        fields.append((number, encoded[position : position + length]))
        position += length
    return fields


def read_struct(encoded: bytes) -> dict[str, Any]:
    result = {}
    for number, entry in read_fields(encoded):
        assert number == 1
        (_, key), (_, value) = read_fields(entry)
        ((kind, content),) = read_fields(value)
        result[key.decode()] = content.decode() if kind == 3 else read_struct(content)
    return result


def deployed_pod(**labels: str) -> Object:
    made = pod("sleep-6f9-abcde", labels={"app": "sleep", "pod-template-hash": "6f9", **labels})
    made["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "sleep-6f9", "controller": True}
    ]
    return made


def test_the_metadata_is_what_istio_sends() -> None:
    value = peer_metadata(deployed_pod(version="v2"))
    fields = read_struct(base64.b64decode(value))
    assert value.startswith("ChoKCkNMVVNURVJfSUQSDBoKS3ViZXJuZXRlcw")
    assert fields == {
        "CLUSTER_ID": "Kubernetes",
        "LABELS": {
            "app": "sleep",
            "service.istio.io/canonical-name": "sleep",
            "service.istio.io/canonical-revision": "v2",
            "version": "v2",
        },
        "NAME": "sleep-6f9-abcde",
        "NAMESPACE": "default",
        "OWNER": "kubernetes://apis/apps/v1/namespaces/default/deployments/sleep",
        "WORKLOAD_NAME": "sleep",
    }
    assert list(fields) == sorted(fields)
    assert list(fields["LABELS"]) == sorted(fields["LABELS"])


@given(st.text(max_size=400))
def test_any_label_survives(text: str) -> None:
    fields = read_struct(base64.b64decode(peer_metadata(deployed_pod(version=text))))
    assert fields["LABELS"]["version"] == text


def test_the_node_id_names_pod_and_address() -> None:
    assert node_id(pod("sleep-1", namespace="other"), "10.244.0.5") == (
        "sidecar~10.244.0.5~sleep-1.other~other.svc.cluster.local"
    )


def test_a_pod_without_a_controller_is_its_own_workload() -> None:
    assert (workload_of(pod("alone")).kind, workload_of(pod("alone")).name) == ("Pod", "alone")


def test_another_controller_is_the_workload() -> None:
    made = pod("job-x")
    made["metadata"]["ownerReferences"] = [
        {"apiVersion": "batch/v1", "kind": "Job", "name": "job", "controller": True}
    ]
    assert workload_of(made).name == "job"


def test_canonical_names_come_from_the_first_label_that_is_there() -> None:
    both = canonical_labels(deployed_pod(**{"app.kubernetes.io/name": "named"}))
    assert both["service.istio.io/canonical-name"] == "named"
    assert canonical_labels(pod("alone"))["service.istio.io/canonical-name"] == "alone"
