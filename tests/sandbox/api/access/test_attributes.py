"""Every request is read as Kubernetes reads it, before anything is looked up."""

from __future__ import annotations

import pytest

from tutorial.sandbox.api.access.attributes import Attributes, request_attributes

PODS = "/api/v1/namespaces/a/pods"


@pytest.mark.parametrize(
    ("method", "path", "query", "verb", "name"),
    [
        ("GET", PODS, {}, "list", ""),
        ("GET", PODS, {"watch": "true"}, "watch", ""),
        ("GET", PODS, {"watch": "1", "fieldSelector": "metadata.name=x"}, "watch", "x"),
        ("GET", PODS, {"fieldSelector": "metadata.name=x"}, "list", "x"),
        ("GET", PODS, {"fieldSelector": "spec.nodeName=x"}, "list", ""),
        ("GET", f"{PODS}/x", {}, "get", "x"),
        ("HEAD", f"{PODS}/x", {}, "get", "x"),
        ("GET", f"{PODS}/x", {"watch": "true"}, "watch", "x"),
        ("POST", PODS, {}, "create", ""),
        ("PUT", f"{PODS}/x", {}, "update", "x"),
        ("PATCH", f"{PODS}/x", {}, "patch", "x"),
        ("DELETE", f"{PODS}/x", {}, "delete", "x"),
        ("DELETE", PODS, {}, "deletecollection", ""),
    ],
)
def test_a_method_is_a_verb(method, path, query, verb, name):
    assert request_attributes(method, path, query) == Attributes(
        verb, "", "pods", "", "a", name, version="v1"
    )


@pytest.mark.parametrize(
    ("path", "group", "qualified", "namespace", "name"),
    [
        ("/api/v1/pods", "", "pods", "", ""),
        (f"{PODS}/x/exec", "", "pods/exec", "a", "x"),
        ("/api/v1/namespaces", "", "namespaces", "", ""),
        ("/api/v1/namespaces/a", "", "namespaces", "a", "a"),
        ("/api/v1/namespaces/a/finalize", "", "namespaces/finalize", "a", "a"),
        ("/apis/apps/v1/namespaces/a/deployments/x/scale", "apps", "deployments/scale", "a", "x"),
        ("/apis/g/v1/clusterthings/system%3Ax", "g", "clusterthings", "", "system:x"),
        ("/api/v1/namespaces/a/no-such/x", "", "no-such", "a", "x"),
    ],
)
def test_a_path_names_a_resource(path, group, qualified, namespace, name):
    found = request_attributes("GET", path, {})

    assert (found.group, found.qualified, found.namespace, found.name) == (group, qualified, namespace, name)
    assert not found.path


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "/openapi/v3", "/metrics"]
)
def test_a_path_that_is_no_resource_stays_a_path(path):
    assert request_attributes("GET", path, {}) == Attributes("get", path=path)
