"""The wire: authentication, media types, caching, paging, watches, and bodies that are bad."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

import pytest
from sandbox.api.cluster_for_tests import TOKEN, Cluster

from tutorial.sandbox.resources import CONFIG_MAP
from tutorial.sandbox.store.store import HISTORY

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def send(
    cluster: Cluster,
    method: str,
    path: str,
    body: bytes | str | None = None,
    *,
    token: str = TOKEN,
    **headers: str,
) -> tuple[http.client.HTTPResponse, bytes]:
    context = ssl.create_default_context(cadata=cluster.authority.decode())
    connection = http.client.HTTPSConnection("127.0.0.1", cluster.port, context=context, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {token}", **sent})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def status_of(data: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(data)
    assert document["kind"] == "Status"
    return document


def test_without_the_token_nothing_is_said(cluster: Cluster) -> None:
    response, data = send(cluster, "GET", "/api/v1/namespaces", token="other")
    assert (response.status, status_of(data)["reason"]) == (401, "Unauthorized")
    assert send(cluster, "GET", "/readyz", token="other")[1] == b"ok"


def test_discovery_is_not_sent_twice(cluster: Cluster) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    response, data = send(cluster, "GET", "/apis", Accept=accept)
    assert json.loads(data)["kind"] == "APIGroupDiscoveryList"
    again, nothing = send(cluster, "GET", "/apis", Accept=accept, If_None_Match=response.headers["ETag"])
    assert (again.status, nothing) == (304, b"")
    assert again.headers["Content-Type"] in (None, response.headers["Content-Type"])


def test_legacy_discovery(cluster: Cluster) -> None:
    for path, kind in (
        ("/api", "APIVersions"),
        ("/apis", "APIGroupList"),
        ("/apis/apps", "APIGroup"),
        ("/apis/apps/v1", "APIResourceList"),
    ):
        assert json.loads(send(cluster, "GET", path)[1])["kind"] == kind


def test_openapi_documents_are_kept_by_clients(cluster: Cluster) -> None:
    paths = json.loads(send(cluster, "GET", "/openapi/v3")[1])["paths"]
    response, data = send(cluster, "GET", paths["api/v1"]["serverRelativeURL"])
    assert json.loads(data)["openapi"].startswith("3.")
    assert response.headers["Cache-Control"] == "public, immutable"
    assert response.headers["Vary"] == "Accept"


def test_the_older_openapi_document_comes_in_two_forms(cluster: Cluster) -> None:
    assert json.loads(send(cluster, "GET", "/openapi/v2")[1])["swagger"] == "2.0"
    protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    response, data = send(cluster, "GET", "/openapi/v2", Accept=protobuf)
    assert response.headers["Content-Type"].endswith("+protobuf")
    assert data.startswith(b"\n\x032.0")


@pytest.mark.parametrize("path", ["/apis/none.io/v1/things", "/api/v2/pods", "/nothing", "/apis/apps/v9"])
def test_unknown_paths_answer_in_plain_text(cluster: Cluster, path: str) -> None:
    response, data = send(cluster, "GET", path)
    assert (response.status, data) == (404, b"404 page not found\n")


@pytest.mark.parametrize(
    "path", ["/api/v1/things", "/api/v1/namespaces/default/pods/p/nothing", "/api/v1/pods/p/log"]
)
def test_unknown_resources_answer_a_status(cluster: Cluster, path: str) -> None:
    response, data = send(cluster, "GET", path)
    assert (response.status, status_of(data)["reason"]) == (404, "NotFound")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", 400),
        ("[]", 400),
        ("", 400),
        ("1", 400),
        ('{"kind":"Pod","apiVersion":"v1"}', 400),
        (b"\xff\xfe", 400),
    ],
)
def test_bodies_that_are_no_object(cluster: Cluster, namespace: str, body: bytes | str, code: int) -> None:
    response, data = send(cluster, "POST", f"/api/v1/namespaces/{namespace}/configmaps", body)
    assert (response.status, status_of(data)["code"]) == (code, code)


@pytest.mark.parametrize(
    "body",
    [b"k8s\x00", b"k8s\x00\xff", b"k8s\x00\x0a\x04\x0a\x02v1", b"nope", b"k8s\x00\x0a\xff\xff\xff\xff\x0f"],
)
def test_malformed_protobuf(cluster: Cluster, namespace: str, body: bytes) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    response, data = send(cluster, "POST", path, body, Content_Type="application/vnd.kubernetes.protobuf")
    assert (response.status, status_of(data)["reason"]) == (400, "BadRequest")


def length(data: bytes) -> bytes:
    """How long a field of protobuf is, in three bytes."""
    return bytes([len(data) & 0x7F | 0x80, len(data) >> 7 & 0x7F | 0x80, len(data) >> 14])


@pytest.mark.parametrize("number", [16, 99])
def test_protobuf_that_is_nested_without_end(cluster: Cluster, namespace: str, number: int) -> None:
    nested = b"\x08\x01"
    while len(nested) < 20_000:
        nested = b"\n" + length(nested) + nested
    raw = bytes([(number << 3 | 2) & 0x7F | 0x80, number >> 4]) + length(nested) + nested
    kind = b"\n\x02v1\x12\tConfigMap"
    body = b"k8s\x00\n" + length(kind) + kind + b"\x12" + length(raw) + raw
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    response, data = send(cluster, "POST", path, body, Content_Type="application/vnd.kubernetes.protobuf")
    assert (response.status, status_of(data)["reason"]) == (400, "BadRequest")


def test_yaml_is_understood_and_other_types_are_not(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\n"
    assert send(cluster, "POST", path, text, Content_Type="application/yaml")[0].status == 201
    assert send(cluster, "POST", path, text, Content_Type="text/html")[0].status == 415


def test_a_body_has_a_limit(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "big"},
        "data": {"a": "x" * 4_000_000},
    }
    response, data = send(cluster, "POST", path, json.dumps(document))
    assert (response.status, status_of(data)["reason"]) == (413, "RequestEntityTooLarge")


def test_a_custom_resource_knows_no_strategic_patch(cluster: Cluster, namespace: str) -> None:
    path = f"/apis/networking.istio.io/v1/namespaces/{namespace}/destinationrules"
    rule = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "r"},
        "spec": {"host": "h"},
    }
    assert send(cluster, "POST", path, json.dumps(rule))[0].status == 201
    patched = send(cluster, "PATCH", f"{path}/r", "{}", Content_Type="application/strategic-merge-patch+json")
    assert patched[0].status == 415


def test_delete_answers_an_object_or_a_status(cluster: Cluster, namespace: str) -> None:
    cluster.ok("create", "configmap", "c", "--from-literal=a=b", "-n", namespace)
    cluster.ok("create", "service", "externalname", "s", "--external-name=example.com", "-n", namespace)
    base = f"/api/v1/namespaces/{namespace}"
    answer = json.loads(send(cluster, "DELETE", f"{base}/configmaps/c")[1])
    assert (answer["status"], answer["details"]["kind"]) == ("Success", "configmaps")
    assert json.loads(send(cluster, "DELETE", f"{base}/services/s")[1])["kind"] == "Service"


def test_a_collection_is_deleted_by_selector(cluster: Cluster, namespace: str) -> None:
    for name in ("a", "b"):
        cluster.ok("create", "configmap", name, "-n", namespace)
    cluster.ok("label", "configmap", "a", "x=y", "-n", namespace)
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    assert send(cluster, "DELETE", f"{path}?labelSelector=x%3Dy")[0].status == 200
    assert cluster.ok("get", "configmap", "-n", namespace, "-o", "name") == "configmap/b\n"


def watch_lines(cluster: Cluster, path: str, **headers: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in send(cluster, "GET", path, **headers)[1].splitlines()]


def test_a_streamed_list_ends_its_first_part_with_a_bookmark(cluster: Cluster, namespace: str) -> None:
    cluster.ok("create", "configmap", "c", "-n", namespace)
    query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&timeoutSeconds=1"
    events = watch_lines(cluster, f"/api/v1/namespaces/{namespace}/configmaps?{query}")
    assert [event["type"] for event in events] == ["ADDED", "BOOKMARK"]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_table_watch_sends_its_columns_once(cluster: Cluster, namespace: str) -> None:
    for name in ("a", "b"):
        cluster.ok("create", "configmap", name, "-n", namespace)
    path = f"/api/v1/namespaces/{namespace}/configmaps?watch=true&timeoutSeconds=1"
    first, second = watch_lines(cluster, path, Accept=TABLE)
    assert first["object"]["columnDefinitions"]
    assert not second["object"]["columnDefinitions"]


def test_a_watch_from_a_forgotten_revision_is_told(cluster: Cluster, namespace: str) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {}}

    def fill_history() -> None:
        made = cluster.objects.create(CONFIG_MAP, namespace, document)
        for number in range(HISTORY + 1):
            made = cluster.objects.update(CONFIG_MAP, {**made, "data": {"n": str(number)}})

    cluster.call(fill_history)
    (event,) = watch_lines(cluster, "/api/v1/configmaps?watch=true&resourceVersion=1&timeoutSeconds=5")
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


@pytest.mark.parametrize("kind", ["json-patch", "merge-patch", "strategic-merge-patch"])
def test_a_patch_that_is_null_changes_nothing(cluster: Cluster, namespace: str, kind: str) -> None:
    cluster.ok("create", "configmap", "c", "-n", namespace)
    path = f"/api/v1/namespaces/{namespace}/configmaps/c"
    before = json.loads(send(cluster, "GET", path)[1])
    response, data = send(cluster, "PATCH", path, "null", Content_Type=f"application/{kind}+json")
    assert (response.status, json.loads(data)) == (200, before)


def warnings_about(cluster: Cluster, namespace: str, *fields: str) -> list[str]:
    document = {"metadata": {"generateName": "w"}, **dict.fromkeys(fields, 1)}
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    response, _ = send(cluster, "POST", path, json.dumps(document))
    assert response.status == 201
    return response.headers.get_all("Warning", [])


def test_warnings_are_cut_when_they_are_long_together(cluster: Cluster, namespace: str) -> None:
    [alone] = warnings_about(cluster, namespace, "a" * 4000)
    assert alone == f'299 - "unknown field \\"{"a" * 4000}\\""'
    [cut] = warnings_about(cluster, namespace, "a" * 300_000)
    assert cut == f'299 - "unknown field \\"{"a" * 241}"'
    many = warnings_about(cluster, namespace, *(f"{number}{'a' * 300}" for number in range(100)))
    assert len(many) == 16
    assert {len(each) for each in many} == {len(cut)}


def test_a_warning_with_a_control_character_is_left_out(cluster: Cluster, namespace: str) -> None:
    assert warnings_about(cluster, namespace, "a\nb", "c\x7f", "d") == ['299 - "unknown field \\"d\\""']


def test_headers_that_are_no_text_do_no_harm(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    no_text = b"jane\xed\xa0\x80"
    context = ssl.create_default_context(cadata=cluster.authority.decode())
    connection = http.client.HTTPSConnection("127.0.0.1", cluster.port, context=context, timeout=10)
    for name, code in (("Impersonate-User", 403), ("User-Agent", 201), ("If-None-Match", 409)):
        headers = {"Authorization": f"Bearer {TOKEN}", name: no_text}
        connection.request("POST", path, '{"metadata":{"name":"c"}}', headers)
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["apiVersion"]) == (code, "v1")
    connection.close()
    assert send(cluster, "GET", path)[0].status == 200
