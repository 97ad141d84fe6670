"""Access control on the wire: who is let in, as whom, and to which of a pod's streams."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sandbox.api.cluster_for_tests import Cluster
from sandbox.api.test_http import send, status_of

from tutorial.sandbox.resources import ROLE, ROLE_BINDING, SERVICE_ACCOUNT, ResourceType

Object = dict[str, Any]
Grant = Callable[..., str]

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "x" * 22 + "==",
}


@pytest.fixture
def granted(cluster: Cluster, namespace: str) -> Grant:
    """Makes a service account with a Role for each of these rights (`pods/exec:get,create`); its token."""

    def store(resource: ResourceType, name: str, content: Object) -> None:
        body = {"metadata": {"name": name}, **content}
        cluster.call(lambda: cluster.objects.create(resource, namespace, body))

    def make(*rights: str) -> str:
        store(SERVICE_ACCOUNT, "robot", {})
        for right in rights:
            resource, _, verbs = right.partition(":")
            name = resource.replace("/", "-")
            rule = {"apiGroups": [""], "resources": [resource], "verbs": verbs.split(",")}
            store(ROLE, name, {"rules": [rule]})
            subject = {"kind": "ServiceAccount", "name": "robot", "namespace": namespace}
            store(ROLE_BINDING, name, {"roleRef": {"kind": "Role", "name": name}, "subjects": [subject]})
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/robot/token"
        token: str = json.loads(send(cluster, "POST", path, "{}")[1])["status"]["token"]
        return token

    return make


def as_robot(cluster: Cluster, token: str, *arguments: str) -> Any:
    """kubectl with the service account's token; the admin's is put aside."""
    config = json.loads(cluster.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    file = cluster.folder / "robot.kubeconfig"
    file.write_text(json.dumps(config))
    return cluster.kubectl("--kubeconfig", str(file), *arguments)


def test_discovery_and_questions_need_no_role(cluster: Cluster, granted: Grant) -> None:
    token = granted()
    for path in ("/api", "/apis", "/api/v1", "/apis/apps/v1", "/openapi/v3", "/version"):
        assert send(cluster, "GET", path, token=token)[0].status == 200, path
    assert as_robot(cluster, token, "auth", "can-i", "get", "pods").stdout == "no\n"


def test_streams_need_their_own_rights(cluster: Cluster, namespace: str, granted: Grant) -> None:
    cluster.run_pod(namespace, "box")
    token = granted("pods:get", "pods/log:get")
    for refused in (("exec", "box", "--", "true"), ("attach", "box")):
        done = as_robot(cluster, token, "-n", namespace, *refused)
        assert "cannot create resource" in done.stderr, done.stderr
    assert as_robot(cluster, token, "logs", "box", "-n", namespace).stdout.startswith("main says one")


@pytest.mark.parametrize("rights", ["get,create", "create"])
def test_exec_with_its_right(cluster: Cluster, namespace: str, granted: Grant, rights: str) -> None:
    cluster.run_pod(namespace, "box")
    token = granted("pods:get", f"pods/exec:{rights}")
    done = as_robot(cluster, token, "exec", "box", "-n", namespace, "--", "echo", "hello")
    assert done.stdout == "hello\n", done.stderr


@pytest.mark.parametrize("stream", ["exec", "attach", "portforward"])
def test_to_get_a_stream_is_to_create_it(
    cluster: Cluster, namespace: str, granted: Grant, stream: str
) -> None:
    """Since Kubernetes 1.35: a WebSocket is opened by GET, and `get` alone must not be enough."""
    cluster.run_pod(namespace, "box")
    token = granted(f"pods/{stream}:get")
    path = f"/api/v1/namespaces/{namespace}/pods/box/{stream}?command=true&stdout=true"
    response, data = send(cluster, "GET", path, token=token, **UPGRADE)
    assert response.status == 403
    assert f'cannot create resource "pods/{stream}"' in status_of(data)["message"]


def test_apply_that_creates_needs_the_right_to_create(
    cluster: Cluster, namespace: str, granted: Grant
) -> None:
    token = granted("configmaps:get,patch")
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}}
    path = f"/api/v1/namespaces/{namespace}/configmaps/new?fieldManager=me"
    body = json.dumps(manifest)
    response, data = send(
        cluster, "PATCH", path, body, token=token, Content_Type="application/apply-patch+yaml"
    )
    assert response.status == 403
    assert 'cannot create resource "configmaps"' in status_of(data)["message"]


def test_the_admin_acts_as_others_and_others_do_not(cluster: Cluster, namespace: str, granted: Grant) -> None:
    token = granted("pods:list")
    pods = f"/api/v1/namespaces/{namespace}/pods"
    robot = f"system:serviceaccount:{namespace}:robot"
    assert send(cluster, "GET", pods, Impersonate_User=robot)[0].status == 200
    assert send(cluster, "GET", pods, Impersonate_User="jane")[0].status == 403
    response, data = send(cluster, "GET", pods, token=token, Impersonate_User="jane")
    assert response.status == 403
    assert 'cannot impersonate resource "users"' in status_of(data)["message"]
    for header in ("Impersonate_Group", "Impersonate_Uid", "Impersonate_Extra_scopes"):
        response, data = send(cluster, "GET", pods, **{header: "system:masters"})
        assert (response.status, "without impersonating a user" in status_of(data)["message"]) == (500, True)
    response, data = send(
        cluster, "GET", pods, token=token, Impersonate_User=robot, Impersonate_Group="system:masters"
    )
    assert response.status == 403


def review(cluster: Cluster, group: str, kind: str, spec: Object, where: str = "") -> Object:
    path = f"/apis/{group}/v1{where}/{kind.lower()}s"
    response, data = send(cluster, "POST", path, json.dumps({"spec": spec}))
    document: Object = json.loads(data)
    assert response.status == 201, document
    status: Object = document["status"]
    return status


def test_others_rights_can_be_asked_for(cluster: Cluster, namespace: str, granted: Grant) -> None:
    granted("pods:list")
    robot = f"system:serviceaccount:{namespace}:robot"
    wanted = {"verb": "list", "resource": "pods", "namespace": namespace}
    asked = {"user": robot, "resourceAttributes": wanted}
    answer = review(cluster, "authorization.k8s.io", "SubjectAccessReview", asked)
    assert answer["allowed"]
    assert f'RoleBinding "pods/{namespace}" of Role "pods"' in answer["reason"]
    local = review(
        cluster, "authorization.k8s.io", "LocalSubjectAccessReview", asked, f"/namespaces/{namespace}"
    )
    assert local["allowed"]
    asked["resourceAttributes"] = {**wanted, "verb": "delete"}
    assert not review(cluster, "authorization.k8s.io", "SubjectAccessReview", asked)["allowed"]


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("SelfSubjectAccessReview", {}),
        ("SubjectAccessReview", {"resourceAttributes": {"verb": "get"}}),
        ("SubjectAccessReview", {"user": "jane"}),
    ],
)
def test_a_question_that_is_none(cluster: Cluster, kind: str, spec: Object) -> None:
    path = f"/apis/authorization.k8s.io/v1/{kind.lower()}s"
    response, data = send(cluster, "POST", path, json.dumps({"spec": spec}))
    assert (response.status, status_of(data)["reason"]) == (422, "Invalid")


def test_whose_a_token_is(cluster: Cluster, namespace: str, granted: Grant) -> None:
    token = granted()
    answer = review(cluster, "authentication.k8s.io", "TokenReview", {"token": token})
    assert answer["authenticated"]
    assert answer["user"]["username"] == f"system:serviceaccount:{namespace}:robot"
    nobody = review(cluster, "authentication.k8s.io", "TokenReview", {"token": "other"})
    assert "authenticated" not in nobody


def test_a_token_cannot_be_read_back(cluster: Cluster, namespace: str) -> None:
    cluster.ok("create", "serviceaccount", "robot", "-n", namespace)
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/robot/token"
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert send(cluster, method, path, "{}")[0].status == 405, method
