"""A platform that puts things of its own into every new namespace, as OpenShift does: they go with the run's
namespace, and what a person makes in it stops that.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from on_a_cluster.cluster import Cluster
from on_a_cluster.lesson import CREATE, NAMESPACE, write_lesson
from on_a_cluster.user import User

from tutorial.backends.rest import RestClient

pytestmark = pytest.mark.sandbox

WAIT = """\
title: Wait for what the platform makes
command: kubectl wait --for=create configmap/last -n ${PLAIN_NAMESPACE} --timeout=60s
needs: [step-2]
"""
RBAC = "rbac.authorization.k8s.io"


class Platform:
    """Looks for the namespace and fills it, once, in a thread."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._client = RestClient(cluster.access, {})
        self._namespace = namespace
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Platform:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._client.close()

    def _work(self) -> None:
        while self._client.request("GET", f"/api/v1/namespaces/{self._namespace}").status == 404:
            if self._ended.wait(0.05):
                return
        account = self._make("serviceaccounts", "ServiceAccount", "builder")
        annotations = {"kubernetes.io/service-account.uid": account["metadata"]["uid"]}
        self._make("secrets", "Secret", "builder-dockercfg-x7x2p", annotations=annotations)
        self._make(
            "rolebindings",
            "RoleBinding",
            "system:image-pullers",
            group=RBAC,
            roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"},
            subjects=[{"kind": "ServiceAccount", "name": "builder", "namespace": self._namespace}],
        )
        self._make("configmaps", "ConfigMap", "last", data={"ca.crt": "a certificate"})

    def _make(
        self,
        plural: str,
        kind: str,
        name: str,
        *,
        group: str = "",
        annotations: Mapping[str, str] | None = None,
        **content: Any,
    ) -> dict[str, Any]:
        root = f"/apis/{group}/v1" if group else "/api/v1"
        path = f"{root}/namespaces/{self._namespace}/{plural}?fieldManager=platform-controller"
        metadata = {"name": name, "annotations": dict(annotations or {})}
        api_version = f"{group}/v1" if group else "v1"
        body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}
        answer = self._client.request("POST", path, body)
        assert answer.status == 201, answer.message
        return answer.json()


@pytest.fixture
def platform(user: User) -> Iterator[Platform]:
    with Platform(user.cluster, user.namespaces.plain) as platform:
        yield platform


@pytest.mark.usefixtures("platform")
def test_what_the_platform_made_goes_with_the_namespace(user: User) -> None:
    done = user.run(write_lesson(user.machine.folder / "lesson", CREATE, NAMESPACE, WAIT))
    assert done.returncode == 0, done.stdout + done.stderr
    user.assert_as_before()


@pytest.mark.usefixtures("platform")
def test_what_a_person_made_keeps_the_namespace(user: User) -> None:
    done = user.run(write_lesson(user.machine.folder / "lesson", CREATE, NAMESPACE, WAIT), "--keep")
    assert done.returncode == 0, done.stdout + done.stderr
    plain = user.namespaces.plain
    user.cluster.kubectl("create", "configmap", "mine", "-n", plain)
    done = user.roll_back()
    assert done.returncode == 5, done.stdout + done.stderr
    assert f"it holds what this run did not make: configmap/mine@{plain})" in done.stdout
    user.cluster.kubectl("get", "-n", plain, "configmap/mine", "serviceaccount/builder")
    user.cluster.kubectl("delete", "configmap", "mine", "-n", plain)
    user.assert_rolled_back()
