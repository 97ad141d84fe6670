"""What a cluster has from its first moment, and what of it comes back."""

from tutorial.sandbox.resources import NAMESPACE, SERVICE


async def test_the_service_of_the_api_comes_back_with_its_address(cluster):
    before = cluster.get(SERVICE, "default", "kubernetes")
    cluster.delete(SERVICE, "default", "kubernetes")
    await cluster.settle()

    after = cluster.get(SERVICE, "default", "kubernetes")
    assert after["spec"] == before["spec"]
    assert after["metadata"]["uid"] != before["metadata"]["uid"]


async def test_the_namespace_of_leases_comes_back_and_another_does_not(cluster):
    for name in ("kube-node-lease", "istio-system"):
        cluster.delete(NAMESPACE, None, name)
    await cluster.settle()

    names = {one["metadata"]["name"] for one in cluster.list(NAMESPACE)}
    assert names == {"default", "kube-node-lease", "kube-public", "kube-system"}
