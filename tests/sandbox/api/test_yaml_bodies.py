"""Bodies in YAML are read as JSON: dates stay texts, what JSON has no form for is refused."""

from __future__ import annotations

import json

import pytest
from sandbox.api.cluster_for_tests import Cluster
from sandbox.api.test_http import send, status_of


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("!!binary aGk=", "hi"),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("!!timestamp 2026-01-01", "2026-01-01"),
    ],
)
def test_texts_of_yaml_stay_texts(cluster: Cluster, namespace: str, value: str, stored: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    text = f"metadata: {{name: y}}\ndata: {{a: {value}, 1: b}}\n"
    response, data = send(cluster, "POST", path, text, Content_Type="application/yaml")
    assert (response.status, json.loads(data)["data"]) == (201, {"a": stored, "1": "b"})


BILLION_LAUGHS = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        *("data: {a: !!set {b}}", "data: {a: !!omap [b: c]}", "data: {[1, 2]: b}", "data: {a: .inf}"),
        *("data: {a: .nan}", "data: {a: -.inf}", f"data: {{a: {'9' * 400}}}", "data: &a {b: *a}"),
        *("data: {!!binary aGk=: [!!binary gA==, !!binary a]}",),
        *(BILLION_LAUGHS, "a: " + "[" * 50_000, "data: " + "{a: " * 50_000 + "b" + "}" * 50_000),
    ],
)
def test_yaml_that_is_no_json(cluster: Cluster, namespace: str, text: str) -> None:
    for method, path, media_type in (
        ("POST", "configmaps", "application/yaml"),
        ("PATCH", "configmaps/a?fieldManager=a", "application/apply-patch+yaml"),
    ):
        where = f"/api/v1/namespaces/{namespace}/{path}"
        response, data = send(cluster, method, where, f"{text}\n", Content_Type=media_type)
        assert (response.status, status_of(data)["reason"]) == (400, "BadRequest"), data
