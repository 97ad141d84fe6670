"""Whatever is sent, the API answers with a Status and goes on: no hang, no traceback, no growth."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutorial.sandbox.lifecycle import Sandbox

pytestmark = pytest.mark.sandbox
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
SERVICES = "/api/v1/namespaces/default/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SECONDS = 10.0


class Api:
    """A client that sends anything."""

    def __init__(self, sandbox: Sandbox) -> None:
        config = json.loads(sandbox.kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        self.server = cluster["server"]
        self.token = config["users"][0]["user"]["token"]
        authority = sandbox.folder / "authority.pem"
        authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(authority)
        self.session.headers["Authorization"] = f"Bearer {self.token}"

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(method, self.server + path, data=body, headers=named, timeout=SECONDS)

    def open(self) -> ssl.SSLSocket:
        """A TLS connection for half a request."""
        host, _, port = self.server.removeprefix("https://").partition(":")
        context = ssl.create_default_context(cafile=str(self.session.verify))
        plain = socket.create_connection((host, int(port)), timeout=SECONDS)
        return context.wrap_socket(plain, server_hostname=host)


@pytest.fixture(scope="module")
def api(sandbox: Sandbox) -> Iterator[Api]:
    """A client, and after all tests of the file a server that wrote no traceback."""
    client = Api(sandbox)
    pods = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "b"}]}}
    deployment = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": pods}
    for path, spec in ((SERVICES, {"ports": [{"port": 80}]}), (DEPLOYMENTS, deployment)):
        made = client.send("POST", path, json.dumps({"metadata": {"name": "fuzz"}, "spec": spec}).encode())
        assert made.status_code == 201
    yield client
    client.session.close()
    assert "Traceback" not in (sandbox.folder / "supervisor.log").read_text()


def status_of(response: requests.Response) -> dict[str, Any]:
    status: dict[str, Any] = response.json()
    assert status["kind"] == "Status", status
    assert status["code"] == response.status_code
    return status


DEEP = b'{"a":' * 5000 + b"1" + b"}" * 5000


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"[]",
        b"3",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"metadata": 3}',
        b'{"metadata": {"name": 3}}',
        b'{"kind": []}',
        b'{"apiVersion": {}}',
        b'{"metadata": {"labels": [1]}}',
        DEEP,
        b"\x00" * 100,
    ],
)
@pytest.mark.parametrize("media_type", ["application/json", "application/yaml", ""])
def test_bodies_that_are_no_object(api: Api, body: bytes, media_type: str) -> None:
    response = api.send("POST", CONFIG_MAPS, body, Content_Type=media_type)
    assert 400 <= status_of(response)["code"] < 500


@pytest.mark.parametrize(
    "body", [b"k8s\x00", b"k8s\x00\xff\xff\xff", b"nonsense", b"k8s\x00" + b"\x0a\xff" * 50]
)
def test_bodies_that_are_no_protobuf(api: Api, body: bytes) -> None:
    response = api.send("POST", CONFIG_MAPS, body, Content_Type="application/vnd.kubernetes.protobuf")
    assert 400 <= status_of(response)["code"] < 500


def test_a_media_type_that_nobody_reads(api: Api) -> None:
    assert status_of(api.send("POST", CONFIG_MAPS, b"<a/>", Content_Type="text/xml"))["code"] == 415
    assert status_of(api.send("PATCH", f"{SERVICES}/x", b"{}", Content_Type="text/xml"))["code"] == 415


def test_a_huge_body(api: Api) -> None:
    body = b'{"metadata":{"name":"huge"},"data":{"a":"' + b"x" * 4_000_000 + b'"}}'
    assert status_of(api.send("POST", CONFIG_MAPS, body, Content_Type="application/json"))["code"] == 413


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PROPFIND"])
def test_verbs_that_there_are_not(api: Api, method: str) -> None:
    assert status_of(api.send(method, SERVICES))["code"] == 405


@pytest.mark.parametrize(
    "query",
    [
        "labelSelector=((((",
        "labelSelector=a+in+(",
        "labelSelector=%00",
        "labelSelector=" + "a," * 2000,
        "fieldSelector=====",
        "fieldSelector=a.b.c%3D1",
        "continue=%ff",
        "continue=bm90aGluZw==",
    ],
)
def test_selectors_that_select_nothing(api: Api, query: str) -> None:
    assert status_of(api.send("GET", f"{SERVICES}?{query}"))["code"] == 400


@pytest.mark.parametrize("limit", ["-1", "0", "x", "99999999999999999999", "1e3"])
def test_absurd_limits(api: Api, limit: str) -> None:
    assert api.send("GET", f"{SERVICES}?limit={limit}").status_code in (200, 400)


@pytest.mark.parametrize(
    "path", ["/api/v1/services/x/y/z/a", "/api/v1/namespaces/%2e%2e/pods/..", "/api/v1/nothing"]
)
def test_paths_that_lead_nowhere(api: Api, path: str) -> None:
    assert status_of(api.send("GET", path))["code"] == 404


@pytest.mark.parametrize(
    "path", ["/", "/api", "/apis", "/api/v1", "/openapi/v2", "/openapi/v3", SERVICES, "/metrics"]
)
@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic YTpi", "Bearer \u00e4"])
def test_nobody_comes_in_without_the_token(api: Api, path: str, token: str) -> None:
    headers = {"Authorization": token.encode()} if token else {}
    answer = requests.get(api.server + path, headers=headers, verify=str(api.session.verify), timeout=SECONDS)
    assert status_of(answer)["reason"] == "Unauthorized"


@pytest.mark.parametrize("revision", ["x", "-5", "99999999999999999999999"])
def test_watches_from_nowhere(api: Api, revision: str) -> None:
    query = f"watch=true&resourceVersion={revision}&timeoutSeconds=1"
    assert api.send("GET", f"{SERVICES}?{query}").status_code in (200, 400)


@pytest.mark.parametrize(
    "text",
    [
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http(api: Api, text: bytes) -> None:
    with api.open() as connection:
        connection.sendall(text)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["kind"] == "Status"


def test_a_broken_body(api: Api) -> None:
    head = f"POST {CONFIG_MAPS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n"
    with api.open() as connection:
        connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n")
        assert b" 400 " in connection.recv(65536).partition(b"\r\n")[0]
    body = api.send("POST", CONFIG_MAPS, b"nothing packed", Content_Encoding="gzip")
    assert status_of(body)["code"] == 400


def test_a_watch_of_an_old_client(api: Api) -> None:
    head = f"GET {SERVICES}?watch=1&timeoutSeconds=1 HTTP/1.0\r\nAuthorization: Bearer {api.token}\r\n\r\n"
    with api.open() as connection:
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b'"type":"ADDED"' in answer


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("fieldManager=" + "x" * 129, "fieldManager: Too long: may not be more than 128 bytes"),
        ("dryRun=x", 'dryRun: Unsupported value: ["x"]: supported values: "All"'),
        (
            "fieldValidation=x",
            'fieldValidation: Unsupported value: "x": supported values: "", "Ignore", "Strict", "Warn"',
        ),
        ("force=true", "force: Forbidden: may not be specified for non-apply patch"),
    ],
)
def test_options_that_there_are_not(api: Api, query: str, message: str) -> None:
    media_type = "application/merge-patch+json"
    status = status_of(api.send("PATCH", f"{SERVICES}/fuzz?{query}", b"{}", Content_Type=media_type))
    assert status["message"] == f'PatchOptions.meta.k8s.io "" is invalid: {message}'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"),
        (
            b'{"a":',
            'couldn\'t get version/kind; json parse error: unexpected end of JSON input ({"a":)',
        ),
        (
            b"nope",
            "couldn't get version/kind; json parse error: invalid character 'o' in literal null "
            "(expecting 'u') (6e6f7065)",
        ),
    ],
)
def test_what_is_wrong_with_a_body(api: Api, body: bytes, message: str) -> None:
    status = status_of(api.send("POST", SERVICES, body, Content_Type="application/json"))
    assert status["message"] == f"the object provided is unrecognized (must be of type Service): {message}"


@pytest.mark.parametrize(
    ("version", "kind", "message"),
    [
        (
            "v1",
            "service",
            'service in version "v1" cannot be handled as a Service: no kind "service" is registered for '
            'version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
        ),
        (
            "v1",
            "Pod",
            'Pod in version "v1" cannot be handled as a Service: converting (v1.Pod) to (core.Service): '
            "unknown conversion",
        ),
    ],
)
def test_another_kind(api: Api, version: str, kind: str, message: str) -> None:
    body = json.dumps({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}}).encode()
    assert status_of(api.send("POST", SERVICES, body, Content_Type="application/json"))["message"] == message


def test_half_a_request_keeps_nobody_waiting(api: Api) -> None:
    head = f"POST {CONFIG_MAPS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n"
    slow = [api.open() for _ in range(20)]
    for connection in slow[:10]:
        connection.sendall(head[:40].encode())
    for connection in slow[10:]:
        connection.sendall((head + "Content-Length: 1000\r\n\r\n{").encode())
    assert api.send("GET", SERVICES).status_code == 200
    for connection in slow:
        connection.close()
    assert api.send("GET", SERVICES).status_code == 200


def test_many_watches_leave_nothing(api: Api, sandbox: Sandbox) -> None:
    def descriptors() -> int:
        return sum(1 for _ in Path(f"/proc/{sandbox.state.pid}/fd").iterdir())

    head = f"GET {SERVICES}?watch=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n"
    before = descriptors()
    watches = [api.open() for _ in range(40)]
    for watch in watches:
        watch.sendall(head.encode())
    for watch in watches:
        assert watch.recv(15) == b"HTTP/1.1 200 OK"
        watch.close()
    deadline = time.monotonic() + SECONDS
    while descriptors() > before + 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert descriptors() <= before + 5


NAMES = st.sampled_from(["spec", "metadata", "ports", "name", "labels", "type", "replicas"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
MEDIA_TYPES = st.sampled_from(
    [
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ]
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=JSON,
    method=st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]),
    media_type=MEDIA_TYPES,
    target=st.sampled_from([f"{SERVICES}/fuzz", f"{DEPLOYMENTS}/fuzz/scale", f"{DEPLOYMENTS}/fuzz/status"]),
)
def test_any_json_is_answered(api: Api, body: Any, method: str, media_type: str, target: str) -> None:
    path = SERVICES if method == "POST" else f"{target}?fieldManager=fuzz"
    kind = media_type if method == "PATCH" else "application/json"
    response = api.send(method, path, json.dumps(body).encode(), Content_Type=kind)
    assert "Internal error" not in response.text
    assert isinstance(response.json(), dict)
