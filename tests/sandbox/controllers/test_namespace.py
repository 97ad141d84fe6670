"""Namespaces come furnished and go empty."""

import pytest

from tutorial.sandbox.resources import (
    CONFIG_MAP,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    EVENT,
    NAMESPACE,
    POD,
    SERVICE,
    SERVICE_ACCOUNT,
)
from tutorial.sandbox.status import ApiError


def names(cluster, resource, namespace=None):
    return [obj["metadata"]["name"] for obj in cluster.list(resource, namespace)]


def test_the_cluster_s_first_namespaces_are_there(cluster):
    assert names(cluster, NAMESPACE) == [
        "default",
        "istio-system",
        "kube-node-lease",
        "kube-public",
        "kube-system",
    ]
    labels = cluster.get(NAMESPACE, None, "default")["metadata"]["labels"]
    assert labels["istio-injection"] == "enabled"
    assert cluster.get(SERVICE, "default", "kubernetes")["spec"]["clusterIP"] == "10.96.0.1"


async def test_a_new_namespace_gets_its_account_and_certificate(cluster):
    cluster.create(NAMESPACE, None, {"metadata": {"name": "without-istio"}})
    await cluster.settle()

    assert names(cluster, SERVICE_ACCOUNT, "without-istio") == ["default"]
    certificate = cluster.get(CONFIG_MAP, "without-istio", "kube-root-ca.crt")
    assert certificate["data"] == {"ca.crt": "-----BEGIN CERTIFICATE-----"}


async def test_they_come_back_when_deleted(cluster):
    cluster.delete(SERVICE_ACCOUNT, "default", "default")
    await cluster.settle()

    assert names(cluster, SERVICE_ACCOUNT, "default") == ["default"]


async def test_a_deleted_namespace_is_emptied_and_goes(cluster):
    cluster.create(NAMESPACE, None, {"metadata": {"name": "x"}})
    cluster.deploy(namespace="x", replicas=2)
    cluster.create(SERVICE, "x", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
    await cluster.settle()
    cluster.delete(NAMESPACE, None, "x")
    await cluster.until(lambda: not cluster.exists(NAMESPACE, None, "x"))

    for resource in (POD, DEPLOYMENT, SERVICE, SERVICE_ACCOUNT, CONFIG_MAP, EVENT, ENDPOINT_SLICE):
        assert cluster.list(resource, "x") == []


async def test_a_finalizer_that_holds_a_namespace_is_named(cluster):
    cluster.create(NAMESPACE, None, {"metadata": {"name": "x"}})
    held = {"metadata": {"name": "held", "finalizers": ["example.com/wait"]}}
    cluster.create(CONFIG_MAP, "x", held)
    await cluster.settle()
    cluster.delete(NAMESPACE, None, "x")
    await cluster.settle()

    status = cluster.get(NAMESPACE, None, "x")["status"]
    assert status["phase"] == "Terminating"
    messages = {c["type"]: c["message"] for c in status["conditions"]}
    assert messages["NamespaceFinalizersRemaining"] == (
        "Some content in the namespace has finalizers remaining: example.com/wait in 1 resource instances"
    )
    with pytest.raises(ApiError, match="is being terminated"):
        cluster.create(CONFIG_MAP, "x", {"metadata": {"name": "late"}})

    last = cluster.get(CONFIG_MAP, "x", "held")
    cluster.update(CONFIG_MAP, {**last, "metadata": {**last["metadata"], "finalizers": []}})
    await cluster.until(lambda: not cluster.exists(NAMESPACE, None, "x"))
