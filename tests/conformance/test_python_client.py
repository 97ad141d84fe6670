"""The `kubernetes` client library: typed and dynamic, watches, exec, attach, port-forward."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from conformance.streaming import until
from kubernetes import client, config, dynamic, watch
from kubernetes.stream import portforward, stream

from tutorial.sandbox.lifecycle import Sandbox

pytestmark = [pytest.mark.sandbox, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

_NAMESPACE = "library"
_STREAMS = {"stdout": True, "stderr": True, "stdin": False, "tty": False}
_TYPING = {**_STREAMS, "stdin": True, "_preload_content": False}
_SECONDS = 10


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """The library leaves its WebSockets to the garbage collector: it comes before the next tests do."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def api(sandbox: Sandbox) -> Iterator[client.CoreV1Api]:
    """The typed client, and a namespace with a pod that answers on port 8000 and repeats its input."""
    api = client.CoreV1Api(config.new_client_from_config(str(sandbox.kubeconfig)))
    api.create_namespace({"metadata": {"name": _NAMESPACE}})
    script = "cd /tmp; echo served > file; python3 -m http.server 8000 >/dev/null 2>&1 & exec cat"
    container = {"name": "main", "image": "any", "stdin": True, "command": ["sh", "-c", script]}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    api.create_namespaced_pod(_NAMESPACE, {"metadata": {"name": "box"}, "spec": spec})
    yield api
    api.delete_namespace(_NAMESPACE)
    api.api_client.close()


@pytest.fixture
def ready(api: client.CoreV1Api) -> client.CoreV1Api:
    """The client, once the pod runs."""
    until(lambda: api.read_namespaced_pod_status("box", _NAMESPACE).status.phase == "Running")
    return api


def test_a_watch_sees_the_pod_run(api: client.CoreV1Api) -> None:
    watcher = watch.Watch()
    events = watcher.stream(
        api.list_namespaced_pod, _NAMESPACE, field_selector="metadata.name=box", timeout_seconds=_SECONDS
    )
    for event in events:
        if event["object"].status.phase == "Running":
            watcher.stop()
            return
    raise AssertionError("the pod did not run")


def test_objects_are_made_patched_and_deleted(api: client.CoreV1Api) -> None:
    service = client.V1Service(
        metadata=client.V1ObjectMeta(name="alias"),
        spec=client.V1ServiceSpec(type="ExternalName", external_name="httpbin.org"),
    )
    assert api.create_namespaced_service(_NAMESPACE, service).spec.external_name == "httpbin.org"
    patched = api.patch_namespaced_service("alias", _NAMESPACE, {"metadata": {"labels": {"a": "b"}}})
    assert patched.metadata.labels == {"a": "b"}
    api.delete_namespaced_service("alias", _NAMESPACE)
    with pytest.raises(client.ApiException) as missing:
        api.read_namespaced_service("alias", _NAMESPACE)
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")


def test_exec_returns_what_was_written(ready: client.CoreV1Api) -> None:
    command = ["sh", "-c", "echo out; echo err >&2"]
    said = stream(ready.connect_get_namespaced_pod_exec, "box", _NAMESPACE, command=command, **_STREAMS)
    assert sorted(said.splitlines()) == ["err", "out"]


@pytest.mark.parametrize("tty", [False, True])
def test_exec_takes_input_and_gives_the_exit_code(ready: client.CoreV1Api, tty: bool) -> None:
    session = stream(
        ready.connect_get_namespaced_pod_exec,
        "box",
        _NAMESPACE,
        command=["sh"],
        **{**_TYPING, "tty": tty},
    )
    session.write_channel(4, '{"Width":77,"Height":22}')
    session.write_stdin("echo $((40 + 2)); stty size; exit 5\n")
    session.run_forever(timeout=_SECONDS)
    assert session.returncode == 5
    said = session.read_all().split()
    assert "42" in said
    assert ("77" in said) is tty


def test_attach_talks_to_the_containers_program(ready: client.CoreV1Api) -> None:
    session = stream(ready.connect_get_namespaced_pod_attach, "box", _NAMESPACE, **_TYPING)
    session.write_stdin("typed\n")
    assert session.readline_stdout(timeout=_SECONDS) == "typed"
    assert "typed\n" in ready.read_namespaced_pod_log("box", _NAMESPACE)


def test_ports_are_forwarded(ready: client.CoreV1Api) -> None:
    until(lambda: _fetch(ready).endswith(b"served\n"))


def _fetch(api: client.CoreV1Api) -> bytes:
    forward = portforward(api.connect_get_namespaced_pod_portforward, "box", _NAMESPACE, ports="8000,81")
    connection = forward.socket(8000)
    connection.settimeout(_SECONDS)
    connection.sendall(b"GET /file HTTP/1.0\r\n\r\n")
    parts = []
    while part := connection.recv(4096):
        parts.append(part)
    assert "connection refused" in forward.error(81)
    forward.close()
    return b"".join(parts)


def test_the_dynamic_client(api: client.CoreV1Api) -> None:
    maps = dynamic.DynamicClient(api.api_client).resources.get(api_version="v1", kind="ConfigMap")
    where: dict[str, Any] = {"namespace": _NAMESPACE}
    body = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "map"}, "data": {"a": "1"}}
    assert maps.create(body=body, **where).data.a == "1"
    assert maps.patch(name="map", body={"data": {"b": "2"}}, **where).data.to_dict() == {"a": "1", "b": "2"}
    names = {event["object"].metadata.name for event in maps.watch(timeout=1, **where)}
    assert "map" in names
    maps.delete(name="map", **where)
    assert "map" not in [item.metadata.name for item in maps.get(**where).items]


def test_the_dynamic_client_knows_custom_resources(api: client.CoreV1Api) -> None:
    rules = dynamic.DynamicClient(api.api_client).resources.get(
        api_version="networking.istio.io/v1", kind="DestinationRule"
    )
    rule = {
        "kind": "DestinationRule",
        "apiVersion": "networking.istio.io/v1",
        "metadata": {"name": "rule"},
        "spec": {"host": "alias", "trafficPolicy": {"tls": {"mode": "DISABLE"}}},
    }
    applied = rules.server_side_apply(rule, name="rule", namespace=_NAMESPACE, field_manager="library")
    assert applied.spec.trafficPolicy.tls.mode == "DISABLE"
    with pytest.raises(client.ApiException) as refused:
        rules.create(body={**rule, "metadata": {"name": "bad"}, "spec": {"host": 1}}, namespace=_NAMESPACE)
    assert refused.value.status == 422


def test_the_servers_version(api: client.CoreV1Api) -> None:
    version = client.VersionApi(api.api_client).get_code()
    assert (version.major, version.minor) == ("1", "36")
    assert version.platform.startswith("linux/")
