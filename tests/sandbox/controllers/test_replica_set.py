"""Replica sets keep as many pods as are wanted, no matter what happens to them."""

from tutorial.sandbox.resources import POD, REPLICA_SET, SERVICE_ACCOUNT

LABELS = {"app": "web"}
CONTAINERS = {"containers": [{"name": "web", "image": "web"}]}


def make_set(cluster, replicas=2, **metadata):
    template = {"metadata": {"labels": LABELS}, "spec": CONTAINERS}
    spec = {"replicas": replicas, "selector": {"matchLabels": LABELS}, "template": template}
    return cluster.create(REPLICA_SET, "default", {"metadata": {"name": "web", **metadata}, "spec": spec})


def names(cluster):
    return {pod["metadata"]["name"] for pod in cluster.pods()}


async def test_a_pod_that_is_deleted_is_replaced(cluster):
    make_set(cluster)
    await cluster.settle()
    before = names(cluster)
    gone = min(before)
    cluster.delete(POD, "default", gone)
    await cluster.settle()

    assert len(names(cluster)) == 2
    assert gone not in names(cluster)


async def test_a_pod_that_ended_is_replaced(cluster):
    make_set(cluster, replicas=1)
    await cluster.settle()
    (pod,) = cluster.pods()
    cluster.update_status(POD, {**pod, "status": {**pod["status"], "phase": "Failed"}})
    await cluster.settle()

    assert len(cluster.pods()) == 2


async def test_unready_pods_are_deleted_first(cluster):
    make_set(cluster, replicas=3)
    await cluster.settle()
    ready = cluster.pods()[1]
    cluster.make_ready(ready)
    present = cluster.get(REPLICA_SET, "default", "web")
    cluster.update(REPLICA_SET, {**present, "spec": {**present["spec"], "replicas": 1}})
    await cluster.settle()

    assert names(cluster) == {ready["metadata"]["name"]}


async def test_a_matching_pod_that_nobody_manages_is_adopted(cluster):
    cluster.create(POD, "default", {"metadata": {"name": "alone", "labels": LABELS}, "spec": CONTAINERS})
    make_set(cluster, replicas=1)
    await cluster.settle()

    (pod,) = cluster.pods()
    assert pod["metadata"]["name"] == "alone"
    assert pod["metadata"]["ownerReferences"][0]["controller"] is True


async def test_a_pod_that_no_longer_matches_is_let_go_and_replaced(cluster):
    make_set(cluster, replicas=1)
    await cluster.settle()
    (pod,) = cluster.pods()
    cluster.update(POD, {**pod, "metadata": {**pod["metadata"], "labels": {"app": "other"}}})
    await cluster.settle()

    free = cluster.get(POD, "default", pod["metadata"]["name"])
    assert "ownerReferences" not in free["metadata"]
    assert len(cluster.pods()) == 2


async def test_the_status_counts(cluster):
    make_set(cluster)
    await cluster.settle()
    cluster.make_ready(cluster.pods()[0])
    await cluster.settle()

    assert cluster.get(REPLICA_SET, "default", "web")["status"] == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "observedGeneration": 1,
    }


async def test_a_set_whose_pods_are_refused_says_so_once_and_recovers(cluster):
    """The refusal names the set's prefix, not a new pod each time: it would change the status each time."""
    template = {"metadata": {"labels": LABELS}, "spec": {**CONTAINERS, "serviceAccountName": "robot"}}
    spec = {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": template}
    cluster.create(REPLICA_SET, "default", {"metadata": {"name": "web"}, "spec": spec})
    await cluster.settle()
    refused = cluster.get(REPLICA_SET, "default", "web")
    await cluster.settle()

    assert cluster.get(REPLICA_SET, "default", "web") == refused
    (condition,) = refused["status"]["conditions"]
    assert condition["message"].startswith('pods "web-" is forbidden: error looking up service account')
    cluster.create(SERVICE_ACCOUNT, "default", {"metadata": {"name": "robot"}})
    assert await cluster.until(cluster.pods)
