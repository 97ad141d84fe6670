"""Deployments roll out through replica sets, and say so as kubectl expects."""

import asyncio
import re
import time

import pytest

from tutorial.sandbox.controllers.revisions import REVISION
from tutorial.sandbox.resources import DEPLOYMENT, EVENT, POD, REPLICA_SET, SERVICE_ACCOUNT


def conditions(deployment):
    return {c["type"]: (c["status"], c["reason"]) for c in deployment["status"]["conditions"]}


def events(cluster, reason):
    return [event["message"] for event in cluster.list(EVENT) if event["reason"] == reason]


async def test_a_deployment_makes_a_replica_set_and_its_pods(cluster):
    cluster.deploy(replicas=2)
    await cluster.settle()

    (replica_set,) = cluster.list(REPLICA_SET)
    name = replica_set["metadata"]["name"]
    assert re.fullmatch(r"sleep-[456789bcdf]{8,10}", name)
    assert replica_set["metadata"]["labels"]["pod-template-hash"] == name.removeprefix("sleep-")
    assert all(
        re.fullmatch(rf"{name}-[bcdfghjklmnpqrstvwxz2456789]{{5}}", p["metadata"]["name"])
        for p in cluster.pods()
    )
    assert [p["metadata"]["ownerReferences"][0]["name"] for p in cluster.pods()] == [name, name]
    assert cluster.deployment()["metadata"]["annotations"] == {REVISION: "1"}
    assert events(cluster, "ScalingReplicaSet") == [f"Scaled up replica set {name} from 0 to 2"]
    assert len(events(cluster, "SuccessfulCreate")) == 2


async def test_the_status_follows_the_pods(cluster):
    cluster.deploy()
    await cluster.settle()
    waiting = cluster.deployment()
    cluster.make_ready()
    await cluster.settle()
    ready = cluster.deployment()

    assert waiting["status"]["unavailableReplicas"] == 1
    assert conditions(waiting)["Available"] == ("False", "MinimumReplicasUnavailable")
    assert conditions(waiting)["Progressing"][0] == "True"
    assert {name: count for name, count in ready["status"].items() if name != "conditions"} == {
        "observedGeneration": 1,
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
    }
    assert conditions(ready) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }


async def test_a_pod_is_made_within_milliseconds(cluster):
    started = time.perf_counter()
    cluster.deploy()
    await cluster.until(cluster.pods)

    assert time.perf_counter() - started < 0.25


async def test_a_new_template_replaces_the_old_pods_step_by_step(cluster):
    cluster.deploy(replicas=4)
    await cluster.roll_out()
    cluster.change(image="curlimages/curl:8.16.0")
    await cluster.settle()

    assert cluster.sizes() == {"curlimages/curl": 3, "curlimages/curl:8.16.0": 2}
    await cluster.roll_out()
    assert cluster.sizes() == {"curlimages/curl": 0, "curlimages/curl:8.16.0": 4}
    assert len(cluster.pods()) == 4
    assert cluster.deployment()["status"]["updatedReplicas"] == 4
    assert cluster.deployment()["metadata"]["annotations"][REVISION] == "2"


async def test_a_template_that_does_not_work_leaves_enough_of_the_old_pods(cluster):
    cluster.deploy(replicas=4)
    await cluster.roll_out()
    cluster.change(image="broken")
    await cluster.settle()
    await cluster.settle()

    assert cluster.deployment()["status"]["availableReplicas"] == 3


async def test_going_back_takes_the_old_replica_set_under_a_new_revision(cluster):
    cluster.deploy()
    await cluster.roll_out()
    cluster.change(image="curlimages/curl:8.16.0")
    await cluster.roll_out()
    cluster.change(image="curlimages/curl")
    await cluster.roll_out()

    assert cluster.sizes() == {"curlimages/curl": 1, "curlimages/curl:8.16.0": 0}
    revisions = sorted(one["metadata"]["annotations"][REVISION] for one in cluster.list(REPLICA_SET))
    assert revisions == ["2", "3"]
    assert cluster.deployment()["metadata"]["annotations"][REVISION] == "3"


@pytest.mark.parametrize("size", [0, 3])
async def test_scaling(cluster, size):
    cluster.deploy(replicas=2)
    await cluster.roll_out()
    cluster.change(replicas=size)
    await cluster.roll_out()

    assert len(cluster.pods()) == size
    assert cluster.deployment()["status"].get("readyReplicas", 0) == size
    assert len(cluster.list(REPLICA_SET)) == 1


async def test_scaling_in_the_middle_of_a_rollout_keeps_going(cluster):
    cluster.deploy(replicas=4)
    await cluster.roll_out()
    cluster.change(image="curlimages/curl:8.16.0")
    await cluster.settle()
    cluster.change(replicas=8)
    await cluster.roll_out()

    assert cluster.sizes() == {"curlimages/curl": 0, "curlimages/curl:8.16.0": 8}
    assert len(cluster.pods()) == 8


async def test_recreate_ends_the_old_pods_first(cluster):
    cluster.deploy(replicas=2, strategy={"type": "Recreate"})
    await cluster.roll_out()
    for pod in cluster.pods():
        held = {**pod["metadata"], "finalizers": ["test/held"]}
        cluster.update(POD, {**pod, "metadata": held})
    cluster.change(image="new")
    await cluster.settle()

    assert cluster.sizes() == {"curlimages/curl": 0}
    for pod in cluster.pods():
        cluster.update(POD, {**pod, "metadata": {**pod["metadata"], "finalizers": []}})
    await cluster.roll_out()
    assert cluster.sizes() == {"curlimages/curl": 0, "new": 2}


async def test_a_paused_deployment_waits(cluster):
    cluster.deploy()
    await cluster.roll_out()
    cluster.change(image="new", paused=True)
    await cluster.settle()
    assert cluster.sizes() == {"curlimages/curl": 1}

    cluster.change(paused=False)
    await cluster.roll_out()
    assert cluster.sizes() == {"curlimages/curl": 0, "new": 1}


async def test_old_replica_sets_are_kept_up_to_the_limit(cluster):
    cluster.deploy(revisionHistoryLimit=1)
    for image in ("a", "b", "c"):
        await cluster.roll_out()
        cluster.change(image=image)
    await cluster.roll_out()

    assert cluster.sizes() == {"b": 0, "c": 1}


async def test_deleting_a_deployment_takes_everything_with_it(cluster):
    cluster.deploy(replicas=2)
    await cluster.roll_out()
    cluster.delete(DEPLOYMENT, "default", "sleep")
    await cluster.settle()

    assert not cluster.pods()
    assert not cluster.list(REPLICA_SET)


async def test_a_rollout_that_stands_still_is_reported_after_its_deadline(cluster):
    cluster.deploy(progressDeadlineSeconds=1)
    await cluster.settle()
    deadline = time.monotonic() + 4
    while conditions(cluster.deployment())["Progressing"][0] == "True" and time.monotonic() < deadline:
        await cluster.settle()
        await asyncio.sleep(0.01)

    assert conditions(cluster.deployment())["Progressing"] == ("False", "ProgressDeadlineExceeded")


async def test_the_cause_of_a_change_is_kept_with_its_revision(cluster):
    cluster.deploy()
    await cluster.roll_out()
    cluster.annotate(**{"kubernetes.io/change-cause": "first"})
    await cluster.settle()
    cluster.change(image="new")
    cluster.annotate(**{"kubernetes.io/change-cause": "second"})
    await cluster.roll_out()

    causes = {
        one["metadata"]["annotations"][REVISION]: one["metadata"]["annotations"]["kubernetes.io/change-cause"]
        for one in cluster.list(REPLICA_SET)
    }
    assert causes == {"1": "first", "2": "second"}


async def test_a_pause_is_said_and_taken_back(cluster):
    cluster.deploy()
    await cluster.roll_out()
    cluster.change(paused=True)
    await cluster.settle()
    assert conditions(cluster.deployment())["Progressing"] == ("Unknown", "DeploymentPaused")

    cluster.change(paused=False)
    await cluster.settle()
    assert conditions(cluster.deployment())["Progressing"] == ("True", "NewReplicaSetAvailable")


async def test_refused_pods_are_reported_until_they_are_taken(cluster):
    template = {
        "metadata": {"labels": {"app": "sleep"}},
        "spec": {"serviceAccountName": "robot", "containers": [{"name": "sleep", "image": "curl"}]},
    }
    cluster.deploy(template=template)
    await cluster.settle()
    refused = conditions(cluster.deployment())
    cluster.create(SERVICE_ACCOUNT, "default", {"metadata": {"name": "robot"}})
    await cluster.until(cluster.pods)
    await cluster.roll_out()

    assert refused == {
        "Progressing": ("True", "NewReplicaSetCreated"),
        "Available": ("False", "MinimumReplicasUnavailable"),
        "ReplicaFailure": ("True", "FailedCreate"),
    }
    assert "ReplicaFailure" not in conditions(cluster.deployment())
