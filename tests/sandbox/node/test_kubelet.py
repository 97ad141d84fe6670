"""Pods of the API on the node: what `kubectl get pod` sees of their lives."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sandbox.node.cluster_for_tests import Cluster, collect, container, is_ready, state

from tutorial.sandbox.net import nftables
from tutorial.sandbox.node.machine import node_status, true_status
from tutorial.sandbox.ports import Object, ProxyStart
from tutorial.sandbox.resources import CONFIG_MAP, EVENT, NODE, POD
from tutorial.sandbox.status import ApiError

pytestmark = pytest.mark.sandbox

_NO_RULES = nftables.transaction("test", [])


async def shell(cluster: Cluster, pod: Object, script: str, name: str = "sleep") -> str:
    session = await cluster.runtime.exec(pod, name, ["sh", "-c", script], stdin=False, tty=False)
    return (await collect(session)).stdout


async def test_a_pod_becomes_ready(cluster: Cluster) -> None:
    cluster.create("sleep")
    pod = await cluster.wait_for("sleep", is_ready)
    status = pod["status"]
    assert pod["spec"]["nodeName"] == "sandbox"
    assert status["phase"] == "Running"
    assert status["podIP"] == "10.244.0.2"
    assert [c["type"] for c in status["conditions"]] == [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ]
    (sleep,) = status["containerStatuses"]
    assert sleep["ready"] and sleep["started"] and sleep["restartCount"] == 0
    assert sleep["containerID"] and "startedAt" in sleep["state"]["running"]
    assert status["qosClass"] == "BestEffort"


async def test_a_status_that_another_wrote_is_put_right(cluster: Cluster) -> None:
    cluster.create("sleep")
    pod = await cluster.wait_for("sleep", is_ready)
    wrong = {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}], "podIP": "1.2.3.4"}
    cluster.objects.update_status(POD, {**pod, "status": {**pod["status"], **wrong}})
    again = await cluster.wait_for("sleep", is_ready)
    assert (again["status"]["phase"], again["status"]["podIP"]) == ("Running", pod["status"]["podIP"])


async def test_a_pod_that_another_ended_is_stopped(cluster: Cluster) -> None:
    cluster.create("sleep")
    pod = await cluster.wait_for("sleep", is_ready)
    cluster.objects.update_status(POD, {**pod, "status": {**pod["status"], "phase": "Failed"}})
    while cluster.kubelet.worker(pod["metadata"]["uid"]) is not None:
        await asyncio.sleep(0.01)
    assert cluster.pod("sleep")["status"]["phase"] == "Failed"


async def test_a_readiness_gate_is_opened_by_another(cluster: Cluster) -> None:
    cluster.create("sleep", readinessGates=[{"conditionType": "example.com/checked"}])
    pod = await cluster.wait_for("sleep", lambda pod: condition(pod, "ContainersReady")["status"] == "True")
    ready = condition(pod, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ReadinessGatesNotReady")
    assert 'readiness gate "example.com/checked" does not exist.' in ready["message"]

    opened = [*pod["status"]["conditions"], {"type": "example.com/checked", "status": "True"}]
    cluster.objects.update_status(POD, {**pod, "status": {**pod["status"], "conditions": opened}})
    pod = await cluster.wait_for("sleep", is_ready)
    assert pod["status"]["conditions"][0]["type"] == "example.com/checked"


def condition(pod: Object, kind: str) -> Object:
    return next((c for c in pod["status"].get("conditions", ()) if c["type"] == kind), {"status": ""})


async def test_events_tell_the_story(cluster: Cluster) -> None:
    cluster.create("sleep")
    await cluster.wait_for("sleep", is_ready)
    reasons = [event["reason"] for event in cluster.objects.list(EVENT, "default")]
    assert sorted(reasons) == ["Created", "Pulled", "Scheduled", "Started"]


async def test_the_node_is_registered(cluster: Cluster) -> None:
    node = cluster.objects.get(NODE, None, "sandbox")
    assert node["status"]["conditions"][-1]["type"] == "Ready"


def test_what_others_say_of_the_node_stays_and_the_rest_is_put_right() -> None:
    good = node_status()["status"]
    foreign = {"type": "Checked", "status": "True"}
    wrong = {"type": "Ready", "status": "Unknown"}
    present = {**good, "conditions": [wrong, foreign], "addresses": [], "capacity": {"a.com/b": "3"}}

    status = true_status(present)
    assert status["addresses"] == good["addresses"]
    assert status["capacity"] == {"a.com/b": "3", **good["capacity"]}
    assert {c["type"]: c["status"] for c in status["conditions"]}.items() >= {
        "Ready": "True",
        "Checked": "True",
    }.items()
    assert true_status(status) == status


async def test_environment_and_resolver(cluster: Cluster) -> None:
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}
    cluster.objects.create(CONFIG_MAP, "default", data)
    env = [
        {"name": "PLAIN", "value": "x"},
        {"name": "BOTH", "value": "$(PLAIN)-$$(PLAIN)-$(NONE)"},
        {"name": "ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "SETTING", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}},
    ]
    cluster.create("sleep", container("sleep", "sleep", "infinity", env=env))
    pod = await cluster.wait_for("sleep", is_ready)
    printed = await shell(cluster, pod, "echo $BOTH $ADDRESS $SETTING $HOSTNAME $HOME; env")
    assert printed.startswith("x-$(PLAIN)-$(NONE) 10.244.0.2 1 sleep /\n")
    assert "_proxy" not in printed.lower() and "CURL_CA_BUNDLE" not in printed
    resolver = await shell(cluster, pod, "cat /etc/resolv.conf")
    assert "search default.svc.cluster.local svc.cluster.local cluster.local\n" in resolver
    assert "options ndots:5" in resolver
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert (await shell(cluster, pod, f"cat {folder}/namespace; ls {folder}")).split() == [
        "default" + "ca.crt",
        "namespace",
        "token",
    ]


async def test_a_crashing_container_backs_off(cluster: Cluster) -> None:
    cluster.create("crash", container("crash", "sh", "-c", "echo out; echo err >&2; exit 3"))
    pod = await cluster.wait_for(
        "crash", lambda p: "waiting" in state(p) and p["status"]["containerStatuses"][0]["restartCount"]
    )
    (crash,) = pod["status"]["containerStatuses"]
    assert crash["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert crash["state"]["waiting"]["message"].startswith("back-off 10s restarting failed container=crash")
    assert crash["lastState"]["terminated"]["exitCode"] == 3
    assert not is_ready(pod)


async def test_a_job_like_pod_succeeds(cluster: Cluster) -> None:
    cluster.create("once", container("once", "true"), restartPolicy="Never")
    pod = await cluster.wait_for("once", lambda p: p["status"]["phase"] == "Succeeded")
    assert state(pod)["terminated"]["reason"] == "Completed"


async def test_init_containers_come_first(cluster: Cluster) -> None:
    init = container("prepare", "sh", "-c", "sleep 0.05; echo done > /tmp/prepared")
    cluster.create(
        "pod", container("main", "cat", "/tmp/prepared"), initContainers=[init], restartPolicy="Never"
    )
    pod = await cluster.wait_for("pod", lambda p: p["status"]["phase"] == "Succeeded")
    assert pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


async def test_a_failing_init_container_holds_the_pod(cluster: Cluster) -> None:
    cluster.create("pod", initContainers=[container("prepare", "false")], restartPolicy="Never")
    pod = await cluster.wait_for("pod", lambda p: p["status"]["phase"] == "Failed")
    assert "waiting" in state(pod)


async def test_a_missing_program_is_named(cluster: Cluster) -> None:
    cluster.create("bad", container("bad", "no-such-program"), restartPolicy="Never")
    pod = await cluster.wait_for("bad", lambda p: "terminated" in state(p))
    ended = state(pod)["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)
    assert ended["message"].endswith('exec: "no-such-program": executable file not found in $PATH')


async def test_an_image_alone_cannot_run(cluster: Cluster) -> None:
    cluster.create("web", {"name": "web", "image": "nginx"})
    pod = await cluster.wait_for("web", lambda p: state(p).get("waiting", {}).get("reason") == "ErrImagePull")
    assert "the sandbox has no images" in state(pod)["waiting"]["message"]
    assert pod["status"]["phase"] == "Pending"
    await cluster.wait_for("web", lambda p: state(p)["waiting"]["reason"] == "ImagePullBackOff")
    with pytest.raises(ApiError) as refused:
        await cluster.runtime.logs(pod, "web", follow=False, tail=None, timestamps=False)
    assert refused.value.message.startswith('container "web" in pod "web" is waiting to start')


async def test_deletion_is_graceful(cluster: Cluster) -> None:
    script = "trap 'echo stopping; exit 0' TERM; while :; do sleep 0.01; done"
    cluster.create("polite", container("polite", "sh", "-c", script))
    await cluster.wait_for("polite", is_ready)
    await asyncio.sleep(0.05)
    cluster.objects.delete(POD, "default", "polite", grace_seconds=20)
    assert "deletionTimestamp" in cluster.pod("polite")["metadata"]
    await _gone(cluster, "polite")
    assert "Killing" in [event["reason"] for event in cluster.objects.list(EVENT, "default")]
    assert cluster.node.pods == {}


async def test_deletion_kills_after_the_grace_time(cluster: Cluster) -> None:
    cluster.create(
        "stubborn", container("stubborn", "sh", "-c", "trap '' TERM; while :; do sleep 0.01; done")
    )
    await cluster.wait_for("stubborn", is_ready)
    await asyncio.sleep(0.05)
    cluster.objects.delete(POD, "default", "stubborn", grace_seconds=1)
    await _gone(cluster, "stubborn")


async def test_deletion_without_grace_removes_at_once(cluster: Cluster) -> None:
    cluster.create("sleep")
    await cluster.wait_for("sleep", is_ready)
    cluster.objects.delete(POD, "default", "sleep", grace_seconds=0)
    await _gone(cluster, "sleep")
    while cluster.node.pods:
        await asyncio.sleep(0.01)
    assert list(cluster.logs.rglob("*.log")) == []


async def _gone(cluster: Cluster, name: str) -> None:
    for _ in range(300):
        try:
            cluster.pod(name)
        except ApiError as error:
            assert error.reason == "NotFound"
            return
        await asyncio.sleep(0.01)
    raise AssertionError(cluster.pod(name)["status"])


async def test_a_sidecar_is_started_and_awaited(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "proxy"
    folder.mkdir()
    (folder / "bootstrap.json").write_text("{}")
    cluster.proxies.start = ProxyStart("/bin/sleep", ("infinity",), str(folder), _NO_RULES)
    init = {"name": "istio-init", "image": "istio/proxyv2"}
    proxy = {"name": "istio-proxy", "image": "istio/proxyv2"}
    cluster.create("sleep", container("sleep", "sleep", "infinity"), proxy, initContainers=[init])
    pod = await cluster.wait_for("sleep", lambda p: "running" in state(p) and "running" in state(p, 1))
    assert [c["ready"] for c in pod["status"]["containerStatuses"]] == [True, False]
    assert pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"
    assert not is_ready(pod)
    cluster.proxies.is_ready = True
    await cluster.wait_for("sleep", is_ready)
    assert await shell(cluster, pod, "cat /etc/istio/proxy/bootstrap.json", "istio-proxy") == "{}"
    cluster.objects.delete(POD, "default", "sleep", grace_seconds=1)
    await _gone(cluster, "sleep")
    assert cluster.proxies.forgotten == [pod["metadata"]["uid"]]


async def test_a_native_sidecar_holds_the_others_until_it_is_ready(cluster: Cluster, tmp_path: Path) -> None:
    cluster.proxies.start = ProxyStart("/bin/sleep", ("infinity",), str(tmp_path), _NO_RULES)
    proxy = {
        "name": "istio-proxy",
        "image": "istio/proxyv2",
        "restartPolicy": "Always",
        "startupProbe": {"exec": {"command": ["true"]}},
    }
    cluster.create("sleep", initContainers=[proxy])
    pod = await cluster.wait_for(
        "sleep",
        lambda p: "running" in (p["status"].get("initContainerStatuses") or [{"state": ()}])[0]["state"],
    )
    assert state(pod)["waiting"]["reason"] == "PodInitializing"
    cluster.proxies.is_ready = True
    pod = await cluster.wait_for("sleep", is_ready)
    assert pod["status"]["initContainerStatuses"][0]["started"] is True
