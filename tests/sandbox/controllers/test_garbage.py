"""What has no owner left goes, as the deletion asked."""

import pytest

from tutorial.sandbox.controllers.ownership import reference_to
from tutorial.sandbox.resources import CONFIG_MAP, DEPLOYMENT, POD, REPLICA_SET


def make(cluster, name, *owners, **metadata):
    references = [reference_to(CONFIG_MAP, owner) | {"controller": False} for owner in owners]
    body = {"metadata": {"name": name, "ownerReferences": references, **metadata}}
    return cluster.create(CONFIG_MAP, "default", body)


def names(cluster):
    return [
        obj["metadata"]["name"]
        for obj in cluster.list(CONFIG_MAP, "default")
        if "." not in obj["metadata"]["name"]
    ]


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
async def test_dependents_go_with_their_owner(cluster, propagation):
    owner = make(cluster, "owner")
    child = make(cluster, "child", owner)
    make(cluster, "grandchild", child)
    await cluster.settle()
    cluster.delete(CONFIG_MAP, "default", "owner", propagation=propagation)
    await cluster.settle()

    assert names(cluster) == []


async def test_in_the_foreground_the_owner_waits_for_what_blocks_it(cluster):
    owner = make(cluster, "owner")
    make(cluster, "child", owner, finalizers=["example.com/wait"])
    await cluster.settle()
    cluster.delete(CONFIG_MAP, "default", "owner", propagation="Foreground")
    await cluster.settle()
    assert names(cluster) == ["child", "owner"]

    child = cluster.get(CONFIG_MAP, "default", "child")
    others = [f for f in child["metadata"]["finalizers"] if f != "example.com/wait"]
    cluster.update(CONFIG_MAP, {**child, "metadata": {**child["metadata"], "finalizers": others}})
    await cluster.settle()
    assert names(cluster) == []


async def test_orphans_stay_without_their_owner(cluster):
    cluster.deploy()
    await cluster.settle()
    cluster.delete(DEPLOYMENT, "default", "sleep", propagation="Orphan")
    await cluster.settle()

    (replica_set,) = cluster.list(REPLICA_SET)
    assert "ownerReferences" not in replica_set["metadata"]
    assert len(cluster.list(POD)) == 1


async def test_with_another_owner_left_a_dependent_stays(cluster):
    first, second = make(cluster, "first"), make(cluster, "second")
    make(cluster, "child", first, second)
    await cluster.settle()
    cluster.delete(CONFIG_MAP, "default", "first")
    await cluster.settle()

    assert names(cluster) == ["child", "second"]
    (left,) = cluster.get(CONFIG_MAP, "default", "child")["metadata"]["ownerReferences"]
    assert left["name"] == "second"


async def test_a_dependent_of_an_owner_that_never_was_goes(cluster):
    owner = make(cluster, "owner")
    cluster.delete(CONFIG_MAP, "default", "owner")
    await cluster.settle()
    make(cluster, "late", owner)
    await cluster.settle()

    assert names(cluster) == []


async def test_an_owner_of_an_unknown_kind_counts_as_there(cluster):
    reference = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "t", "uid": "1"}
    cluster.create(CONFIG_MAP, "default", {"metadata": {"name": "child", "ownerReferences": [reference]}})
    await cluster.settle()

    assert names(cluster) == ["child"]
