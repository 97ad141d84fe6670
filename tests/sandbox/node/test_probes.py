"""Probes decide when a pod is started and ready, and when a container is restarted."""

from __future__ import annotations

import asyncio

import pytest
from sandbox.node.cluster_for_tests import Cluster, collect, container, container_status, is_ready, state

from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import EVENT

pytestmark = pytest.mark.sandbox

SLEEP = ("sleep", "infinity")
WHEN_ASKED = {"exec": {"command": ["test", "-e", "/tmp/ok"]}, "periodSeconds": 1}


def messages(cluster: Cluster, reason: str) -> set[str]:
    return {event["message"] for event in cluster.objects.list(EVENT) if event["reason"] == reason}


async def touch(cluster: Cluster, name: str) -> None:
    session = await cluster.runtime.exec(cluster.pod(name), "c", ["touch", "/tmp/ok"], stdin=False, tty=False)
    assert (await collect(session)).code == 0


def runs(pod: Object) -> bool:
    return "running" in state(pod)


async def test_a_pod_is_ready_when_its_probe_says_so(cluster: Cluster) -> None:
    cluster.create("web", container("c", *SLEEP, readinessProbe=WHEN_ASKED))
    await cluster.wait_for("web", runs)
    await cluster.wait_for("web", lambda _: messages(cluster, "Unhealthy"))
    assert not is_ready(cluster.pod("web"))
    assert messages(cluster, "Unhealthy") == {"Readiness probe failed: "}

    await touch(cluster, "web")
    await cluster.wait_for("web", is_ready)


async def test_readiness_waits_for_the_start(cluster: Cluster) -> None:
    cluster.create("web", container("c", *SLEEP, startupProbe={**WHEN_ASKED, "failureThreshold": 100}))
    await cluster.wait_for("web", runs)
    assert container_status(cluster.pod("web"))["started"] is False
    assert not is_ready(cluster.pod("web"))

    await touch(cluster, "web")
    pod = await cluster.wait_for("web", is_ready)
    assert container_status(pod)["started"] is True


async def test_a_container_that_is_not_alive_is_restarted(cluster: Cluster) -> None:
    dead = {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1}
    cluster.create("web", container("c", *SLEEP, livenessProbe=dead), terminationGracePeriodSeconds=0)
    await cluster.wait_for("web", lambda pod: container_status(pod).get("restartCount"))

    assert messages(cluster, "Killing") == {"Container c failed liveness probe, will be restarted"}


@pytest.mark.parametrize(
    ("handler", "refusal"),
    [
        ({"tcpSocket": {"port": "web"}}, "dial tcp {address}:8080: connect: connection refused"),
        (
            {"httpGet": {"port": 8080, "path": "/ready"}},
            'Get "http://{address}:8080/ready": dial tcp {address}:8080: connect: connection refused',
        ),
    ],
)
async def test_probes_of_ports(cluster: Cluster, handler: Object, refusal: str) -> None:
    probe = {**handler, "periodSeconds": 1}
    ports = [{"name": "web", "containerPort": 8080}]
    cluster.create("web", container("c", *SLEEP, readinessProbe=probe, ports=ports))
    pod = await cluster.wait_for("web", runs)
    await cluster.wait_for("web", lambda _: messages(cluster, "Unhealthy"))
    address = pod["status"]["podIP"]
    assert messages(cluster, "Unhealthy") == {f"Readiness probe failed: {refusal.format(address=address)}"}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        code = b"503 no" if len(asked) == 1 else b"200 OK"
        writer.write(b"HTTP/1.1 " + code + b"\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    asked: list[bytes] = []
    listener = await cluster.node.listen(address, 8080, "tcp", pod["metadata"]["uid"])
    server = await asyncio.start_server(answer, sock=listener)
    await cluster.wait_for("web", is_ready)
    server.close()
    if "httpGet" in handler:
        assert asked[0] == b"GET /ready HTTP/1.1\r\n"
        assert "Readiness probe failed: HTTP probe failed with statuscode: 503" in messages(
            cluster, "Unhealthy"
        )
