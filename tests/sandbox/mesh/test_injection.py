from __future__ import annotations

import copy
import json

import pytest
from sandbox.objects_for_tests import pod

from tutorial.sandbox.mesh.injection import Injector, has_sidecar, wants_sidecar
from tutorial.sandbox.ports import Object

ENABLED = {"istio-injection": "enabled"}


def namespace(labels: dict[str, str] | None = None, name: str = "default") -> Object:
    return {"metadata": {"name": name, "labels": labels or {}}}


INJECT = "sidecar.istio.io/inject"


@pytest.mark.parametrize(
    ("of_namespace", "of_pod", "expected"),
    [
        (ENABLED, {}, True),
        (ENABLED, {INJECT: "true"}, True),
        (ENABLED, {INJECT: "false"}, False),
        (ENABLED, {INJECT: "no"}, False),
        ({"istio-injection": "disabled"}, {}, False),
        ({"istio-injection": "disabled"}, {INJECT: "true"}, False),
        ({"istio-injection": "disabled", "istio.io/rev": "default"}, {}, False),
        ({"istio.io/rev": "default"}, {}, True),
        ({"istio.io/rev": "default"}, {INJECT: "true"}, True),
        ({"istio.io/rev": "default"}, {INJECT: "false"}, False),
        ({"istio.io/rev": "canary"}, {}, False),
        ({"istio.io/rev": "canary"}, {INJECT: "true"}, False),
        ({**ENABLED, "istio.io/rev": "canary"}, {}, True),
        ({**ENABLED, "istio.io/rev": "default"}, {INJECT: "false"}, False),
        ({}, {INJECT: "true"}, True),
        ({}, {"istio.io/rev": "default"}, True),
        ({}, {"istio.io/rev": "canary"}, False),
        ({}, {"istio.io/rev": "canary", INJECT: "true"}, False),
        ({}, {"istio.io/rev": "default", INJECT: "false"}, False),
        ({}, {}, False),
    ],
)
def test_the_labels_decide(of_namespace: dict[str, str], of_pod: dict[str, str], expected: bool) -> None:
    assert wants_sidecar(pod("sleep", labels=of_pod), namespace(of_namespace)) is expected


@pytest.mark.parametrize(
    ("labels", "annotation", "expected"),
    [({}, "false", False), ({}, "true", True), ({INJECT: "true"}, "false", True)],
)
def test_the_annotation_vetoes_where_no_label_speaks(
    labels: dict[str, str], annotation: str, expected: bool
) -> None:
    wanted = pod("sleep", labels=labels)
    wanted["metadata"]["annotations"] = {INJECT: annotation}
    assert wants_sidecar(wanted, namespace(ENABLED)) is expected


def test_the_annotation_alone_asks_for_nothing() -> None:
    wanted = pod("sleep")
    wanted["metadata"]["annotations"] = {INJECT: "true"}
    assert not wants_sidecar(wanted, namespace())


def test_host_network_and_system_namespaces_are_left_alone() -> None:
    of_host = pod("sleep")
    of_host["spec"]["hostNetwork"] = True
    assert not wants_sidecar(of_host, namespace(ENABLED))
    assert not wants_sidecar(pod("sleep"), namespace(ENABLED, name="kube-system"))


def test_a_pod_that_gets_none_is_returned_as_it_is() -> None:
    plain = pod("sleep")
    assert Injector().admit_pod(plain, namespace()) is plain


def injected() -> tuple[Object, Object]:
    plain = pod("sleep-abc", labels={"app": "sleep", "pod-template-hash": "5"})
    plain["spec"]["initContainers"] = [{"name": "own-init"}]
    before = copy.deepcopy(plain)
    result = Injector().admit_pod(plain, namespace(ENABLED))
    assert plain == before
    return plain, result


def test_the_sidecar_is_a_native_one_before_the_pods_own_init_containers() -> None:
    _, result = injected()
    containers = result["spec"]["initContainers"]
    assert [container["name"] for container in containers] == ["istio-init", "istio-proxy", "own-init"]
    assert containers[1]["restartPolicy"] == "Always"
    assert "restartPolicy" not in containers[0]
    assert containers[1]["readinessProbe"]["httpGet"] == {"path": "/healthz/ready", "port": 15021}
    assert [container["name"] for container in result["spec"]["containers"]] == ["sleep"]


def test_labels_and_annotations_say_what_was_added() -> None:
    _, result = injected()
    labels, annotations = result["metadata"]["labels"], result["metadata"]["annotations"]
    assert labels == {
        "app": "sleep",
        "pod-template-hash": "5",
        "security.istio.io/tlsMode": "istio",
        "service.istio.io/canonical-name": "sleep",
        "service.istio.io/canonical-revision": "latest",
    }
    assert annotations["istio.io/rev"] == "default"
    assert annotations["kubectl.kubernetes.io/default-container"] == "sleep"
    assert annotations["kubectl.kubernetes.io/default-logs-container"] == "sleep"
    status = json.loads(annotations["sidecar.istio.io/status"])
    assert (status["initContainers"], status["revision"]) == (["istio-init", "istio-proxy"], "default")


def test_a_default_container_that_the_pod_names_stays() -> None:
    plain = pod("sleep")
    plain["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "other"}
    result = Injector().admit_pod(plain, namespace(ENABLED))
    assert result["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] == "other"


def test_a_pod_is_injected_once() -> None:
    _, result = injected()
    assert has_sidecar(result)
    assert Injector().admit_pod(result, namespace(ENABLED)) is result
