from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox.objects_for_tests import MemoryObjects, endpoint_slice, pod, service

from tutorial.sandbox.net.service_proxy import NODE_ADDRESS, ServiceProxy
from tutorial.sandbox.node.client import NodeClient
from tutorial.sandbox.resources import ENDPOINT_SLICE, POD, SERVICE

pytestmark = pytest.mark.sandbox

CLUSTER_IP = "10.96.1.1"
CLIENT, FIRST, SECOND = "10.244.0.2", "10.244.0.3", "10.244.0.4"
HTTP = {"name": "http", "port": 80}


@pytest.fixture
async def node(real_node: NodeClient) -> NodeClient:
    for address in (CLIENT, FIRST, SECOND):
        await real_node.create_sandbox_pod(address, [address])
    return real_node


@pytest.fixture
async def backends(node: NodeClient) -> AsyncIterator[dict[str, socket.socket]]:
    """Listeners on port 8080 of the two backend pods, by address."""
    found = {address: await node.listen(address, 8080, "tcp", address) for address in (FIRST, SECOND)}
    yield found
    for listener in found.values():
        listener.close()


async def connect(
    node: NodeClient, port: int = 80, pod: str = CLIENT, address: str = CLUSTER_IP
) -> socket.socket:
    client = await node.pods[pod].make_socket("tcp")
    try:
        async with asyncio.timeout(2):
            await asyncio.get_running_loop().sock_connect(client, (address, port))
    except OSError:
        client.close()
        raise
    return client


async def who_answers(
    node: NodeClient, backends: dict[str, socket.socket], pod: str = CLIENT, **place: Any
) -> str:
    loop = asyncio.get_running_loop()
    accepting = {asyncio.ensure_future(loop.sock_accept(sock)): name for name, sock in backends.items()}
    with await connect(node, pod=pod, **place):
        done, pending = await asyncio.wait(accepting, timeout=2, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        (answered,) = done
        answered.result()[0].close()
        return accepting[answered]


async def started(objects: MemoryObjects, node: NodeClient) -> ServiceProxy:
    proxy = ServiceProxy(objects, node)
    await proxy.start()
    return proxy


async def test_connections_reach_every_ready_endpoint_on_the_slices_port(
    node: NodeClient, backends: dict[str, socket.socket]
) -> None:
    objects = MemoryObjects(
        (SERVICE, service("web", HTTP, cluster_ip=CLUSTER_IP)),
        (ENDPOINT_SLICE, endpoint_slice("web", [FIRST, SECOND], {"http": 8080, "other": 9})),
    )
    proxy = await started(objects, node)
    answers = Counter([await who_answers(node, backends) for _ in range(40)])
    await proxy.stop()
    assert set(answers) == {FIRST, SECOND}


async def test_an_endpoint_that_is_not_ready_gets_nothing(
    node: NodeClient, backends: dict[str, socket.socket]
) -> None:
    unready = endpoint_slice("web", [SECOND], {"http": 8080}, conditions={"ready": False})
    unready["metadata"]["name"] = "web-unready"
    objects = MemoryObjects(
        (SERVICE, service("web", HTTP, cluster_ip=CLUSTER_IP)),
        (ENDPOINT_SLICE, endpoint_slice("web", [FIRST], {"http": 8080})),
        (ENDPOINT_SLICE, unready),
    )
    proxy = await started(objects, node)
    answers = {await who_answers(node, backends) for _ in range(20)}
    await proxy.stop()
    assert answers == {FIRST}


async def test_a_service_without_endpoints_and_a_port_without_service_are_refused(node: NodeClient) -> None:
    proxy = await started(MemoryObjects((SERVICE, service("web", HTTP, cluster_ip=CLUSTER_IP))), node)
    with pytest.raises(ConnectionRefusedError):
        await connect(node)
    with pytest.raises(ConnectionRefusedError):
        await connect(node, port=81)
    await proxy.stop()


async def test_a_pod_reaches_itself_through_its_service(
    node: NodeClient, backends: dict[str, socket.socket]
) -> None:
    objects = MemoryObjects(
        (SERVICE, service("web", HTTP, cluster_ip=CLUSTER_IP)),
        (ENDPOINT_SLICE, endpoint_slice("web", [FIRST], {"http": 8080})),
    )
    proxy = await started(objects, node)
    assert await who_answers(node, backends, pod=FIRST) == FIRST
    await proxy.stop()


async def test_a_node_port_and_an_outside_address(
    node: NodeClient, backends: dict[str, socket.socket]
) -> None:
    port = {**HTTP, "nodePort": 30080}
    web = service("web", port, cluster_ip=CLUSTER_IP, type="NodePort", externalIPs=["198.51.100.7"])
    slices = endpoint_slice("web", [FIRST], {"http": 8080})
    proxy = await started(MemoryObjects((SERVICE, web), (ENDPOINT_SLICE, slices)), node)
    answers = [
        await who_answers(node, backends, address=address, port=number)
        for address, number in ((NODE_ADDRESS, 30080), ("198.51.100.7", 80))
    ]
    with pytest.raises(ConnectionRefusedError):
        await connect(node, address=NODE_ADDRESS, port=30081)
    await proxy.stop()
    assert answers == [FIRST, FIRST]


async def test_session_affinity_keeps_a_pod_at_one_endpoint(
    node: NodeClient, backends: dict[str, socket.socket]
) -> None:
    client = {**pod("client"), "status": {"podIP": CLIENT}}
    objects = MemoryObjects(
        (SERVICE, service("web", HTTP, cluster_ip=CLUSTER_IP, sessionAffinity="ClientIP")),
        (ENDPOINT_SLICE, endpoint_slice("web", [FIRST, SECOND], {"http": 8080})),
        (POD, client),
    )
    proxy = await started(objects, node)
    answers = {await who_answers(node, backends) for _ in range(12)}
    await proxy.stop()
    assert len(answers) == 1


async def test_rules_follow_the_endpoints(node: NodeClient, backends: dict[str, socket.socket]) -> None:
    objects = MemoryObjects(
        (SERVICE, service("web", HTTP, cluster_ip=CLUSTER_IP)),
        (ENDPOINT_SLICE, endpoint_slice("web", [FIRST], {"http": 8080})),
    )
    proxy = await started(objects, node)
    before = await who_answers(node, backends)
    objects.put(ENDPOINT_SLICE, endpoint_slice("web", [SECOND], {"http": 8080}))
    await asyncio.sleep(0.1)
    after = await who_answers(node, backends)
    await proxy.stop()
    assert (before, after) == (FIRST, SECOND)


async def test_datagrams_reach_the_endpoint(node: NodeClient) -> None:
    port = {"name": "dns", "port": 53, "protocol": "UDP"}
    objects = MemoryObjects(
        (SERVICE, service("dns", port, cluster_ip=CLUSTER_IP)),
        (ENDPOINT_SLICE, endpoint_slice("dns", [FIRST], {"dns": 5353})),
    )
    proxy = await started(objects, node)
    loop = asyncio.get_running_loop()
    with (
        await node.listen(FIRST, 5353, "udp", FIRST) as server,
        await node.pods[CLIENT].make_socket("udp") as client,
    ):
        await loop.sock_connect(client, (CLUSTER_IP, 53))
        await loop.sock_sendall(client, b"question")
        async with asyncio.timeout(2):
            question, asker = await loop.sock_recvfrom(server, 100)
            await loop.sock_sendto(server, b"answer", asker)
            answer = await loop.sock_recv(client, 100)
    await proxy.stop()
    assert (question, answer) == (b"question", b"answer")


class CountingPlane:
    """Counts the batches that are applied."""

    def __init__(self) -> None:
        self.batches: list[bytes] = []

    async def listen(self, address: str, port: int, kind: str, pod_uid: str | None = None) -> None:
        raise AssertionError("the service proxy makes no sockets")

    async def apply_rules(self, batch: bytes, pod_uid: str | None = None) -> None:
        self.batches.append(batch)


async def test_a_change_that_matters_to_no_rule_is_not_applied() -> None:
    objects = MemoryObjects((SERVICE, service("web", HTTP, cluster_ip=CLUSTER_IP)))
    plane = CountingPlane()
    proxy = ServiceProxy(objects, plane)
    await proxy.start()
    objects.put(SERVICE, service("alias", type="ExternalName", externalName="httpbin.org"))
    objects.put(SERVICE, service("headless", HTTP, cluster_ip="None"))
    await asyncio.sleep(0.02)
    assert len(plane.batches) == 1
    objects.put(SERVICE, service("more", HTTP, cluster_ip="10.96.1.2"))
    await asyncio.sleep(0.02)
    await proxy.stop()
    assert len(plane.batches) == 2


async def test_the_cluster_dns_address_is_left_to_the_node() -> None:
    empty, with_dns = CountingPlane(), CountingPlane()
    for plane, objects in (
        (empty, MemoryObjects()),
        (with_dns, MemoryObjects((SERVICE, service("kube-dns", HTTP, cluster_ip="10.96.0.10")))),
    ):
        proxy = ServiceProxy(objects, plane)
        await proxy.start()
        await proxy.stop()
    assert with_dns.batches == empty.batches
