"""Pods are given to the node where they fit; those that wait say why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.node.fitting import requested
from tutorial.sandbox.node.scheduler import Scheduler
from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import EVENT, NAMESPACE, NODE, POD
from tutorial.sandbox.schemas import Schemas
from tutorial.sandbox.store.store import Store

NOT_HELPFUL = (
    "no new claims to deallocate, preemption: 0/1 nodes are available: "
    "1 Preemption is not helpful for scheduling."
)


@pytest.fixture
async def objects() -> AsyncIterator[ObjectsFacade]:
    """A cluster with one node of two processors and a scheduler, and no kubelet."""
    facade = ObjectsFacade(Store(), Schemas.load())
    facade.create(NAMESPACE, None, {"metadata": {"name": "default"}})
    node = facade.create(NODE, None, {"metadata": {"name": "n", "labels": {"disk": "ssd"}}})
    ready = {"type": "Ready", "status": "True"}
    status = {"allocatable": {"cpu": "2", "pods": "110"}, "conditions": [ready]}
    facade.update_status(NODE, node | {"status": status})
    scheduler = Scheduler(facade)
    await scheduler.start()
    yield facade
    await scheduler.stop()


def create(objects: ObjectsFacade, name: str = "p", cpu: str = "", **spec: Any) -> None:
    container: Object = {"name": "c", "image": "i"}
    if cpu:
        container["resources"] = {"requests": {"cpu": cpu}}
    pod = {"metadata": {"name": name}, "spec": {"containers": [container], **spec}}
    objects.create(POD, "default", pod)


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def scheduled(objects: ObjectsFacade, name: str = "p") -> str:
    """The pod's node, or why it has none."""
    pod = objects.get(POD, "default", name)
    conditions = {c["type"]: c["message"] for c in pod["status"].get("conditions", ()) if c.get("message")}
    return pod["spec"].get("nodeName") or conditions.get("PodScheduled", "")


def change_node(objects: ObjectsFacade, **spec: Any) -> None:
    node = objects.get(NODE, None, "n")
    objects.update(NODE, {**node, "spec": {**node.get("spec", {}), **spec}})


async def test_a_pod_gets_the_node_and_stays_of_the_first_generation(objects: ObjectsFacade) -> None:
    create(objects)
    await settle()

    assert scheduled(objects) == "n"
    assert objects.get(POD, "default", "p")["metadata"]["generation"] == 1
    (event,) = objects.list(EVENT)
    assert event["message"] == "Successfully assigned default/p to n"


async def test_a_pod_waits_for_a_cordoned_node(objects: ObjectsFacade) -> None:
    change_node(objects, unschedulable=True)
    create(objects)
    await settle()
    assert scheduled(objects) == f"0/1 nodes are available: 1 node(s) were unschedulable. {NOT_HELPFUL}"

    change_node(objects, unschedulable=False)
    await settle()
    assert scheduled(objects) == "n"


async def test_a_taint_keeps_away_what_does_not_tolerate_it(objects: ObjectsFacade) -> None:
    change_node(objects, taints=[{"key": "k", "value": "v", "effect": "NoSchedule"}])
    create(objects)
    create(objects, "tolerant", tolerations=[{"key": "k", "operator": "Exists"}])
    create(objects, "other", tolerations=[{"key": "k", "value": "w"}])
    await settle()

    tainted = f"0/1 nodes are available: 1 node(s) had untolerated taint(s). {NOT_HELPFUL}"
    assert [scheduled(objects, name) for name in ("p", "tolerant", "other")] == [tainted, "n", tainted]


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ({"nodeSelector": {"disk": "ssd"}}, True),
        ({"nodeSelector": {"disk": "hdd"}}, False),
        ({"affinity": {"key": "disk", "operator": "In", "values": ["ssd"]}}, True),
        ({"affinity": {"key": "disk", "operator": "NotIn", "values": ["ssd"]}}, False),
        ({"affinity": {"key": "gpu", "operator": "Exists"}}, False),
        ({"affinity": {"key": "gpu", "operator": "DoesNotExist"}}, True),
        ({"affinity": {"key": "disk", "operator": "Gt", "values": ["1"]}}, False),
    ],
)
async def test_selectors(objects: ObjectsFacade, spec: Any, fits: bool) -> None:
    if "affinity" in spec:
        terms = {"nodeSelectorTerms": [{"matchExpressions": [spec["affinity"]]}]}
        spec = {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}
    create(objects, **spec)
    await settle()

    why = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. " + NOT_HELPFUL
    assert scheduled(objects) == ("n" if fits else why)


async def test_requests_are_counted_against_the_node(objects: ObjectsFacade) -> None:
    create(objects, "first", cpu="1500m")
    create(objects, "second", cpu="1")
    await settle()
    assert scheduled(objects, "second").startswith("0/1 nodes are available: 1 Insufficient cpu. ")

    objects.delete(POD, "default", "first", grace_seconds=0)
    await settle()
    assert scheduled(objects, "second") == "n"


def test_what_a_pod_requests() -> None:
    def of(cpu: str, **more: Any) -> Object:
        return {"resources": {"requests": {"cpu": cpu}}, **more}

    apps = [of("1"), of("500m")]
    sidecar = of("250m", restartPolicy="Always")
    assert requested({"spec": {"containers": apps}}, "cpu") == 1.5
    assert requested({"spec": {"containers": apps, "initContainers": [of("4")]}}, "cpu") == 4
    assert requested({"spec": {"containers": apps, "initContainers": [sidecar, of("1")]}}, "cpu") == 1.75


async def test_without_a_node_a_pod_waits(objects: ObjectsFacade) -> None:
    objects.delete(NODE, None, "n")
    create(objects)
    await settle()

    assert scheduled(objects) == "no nodes available to schedule pods"
