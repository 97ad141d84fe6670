"""Taints: a cordoned node has one, and pods that do not tolerate one have to go."""

import pytest

from tutorial.sandbox.resources import NODE, POD
from tutorial.sandbox.taints import UNSCHEDULABLE

BAD = {"key": "bad", "value": "yes", "effect": "NoExecute"}


def make_node(cluster, **spec):
    return cluster.create(NODE, None, {"metadata": {"name": "n"}, "spec": spec})


def make_pod(cluster, name, **spec):
    pod = {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}
    cluster.bind(cluster.create(POD, "default", pod), "n")


async def test_a_cordoned_node_is_tainted_as_long_as_it_is_cordoned(cluster):
    make_node(cluster, unschedulable=True)
    await cluster.settle()
    (taint,) = cluster.get(NODE, None, "n")["spec"]["taints"]
    assert (taint["key"], taint["effect"]) == (UNSCHEDULABLE, "NoSchedule")

    node = cluster.get(NODE, None, "n")
    cluster.update(NODE, {**node, "spec": {"taints": node["spec"]["taints"]}})
    await cluster.settle()
    assert "taints" not in cluster.get(NODE, None, "n")["spec"]


@pytest.mark.parametrize(
    ("toleration", "stays"),
    [
        (None, False),
        ({"key": "bad", "operator": "Exists"}, True),
        ({"key": "bad", "value": "yes", "effect": "NoExecute"}, True),
        ({"key": "bad", "value": "no"}, False),
        ({"operator": "Exists"}, True),
        ({"key": "bad", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}, False),
        ({"key": "bad", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}, True),
    ],
)
async def test_pods_that_do_not_tolerate_a_taint_are_evicted(cluster, toleration, stays):
    make_node(cluster, taints=[BAD])
    make_pod(cluster, "p", **({"tolerations": [toleration]} if toleration else {}))
    await cluster.settle()

    assert ("deletionTimestamp" not in cluster.get(POD, "default", "p")["metadata"]) == stays
