from __future__ import annotations

import asyncio
import struct

import dnslib
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.objects_for_tests import MemoryObjects, endpoint_slice, service

from tutorial.sandbox.net.dns import DnsServer, respond
from tutorial.sandbox.net.service_proxy import CLUSTER_DNS
from tutorial.sandbox.net.zone import Zone
from tutorial.sandbox.node.client import NodeClient
from tutorial.sandbox.resources import ENDPOINT_SLICE, NAMESPACE, SERVICE

OUTSIDE = {"httpbin.org": ("203.0.113.10",), "en.wikipedia.org": ("208.80.153.224", "198.35.26.96")}
HTTP = {"name": "http", "port": 80}


def cluster() -> MemoryObjects:
    return MemoryObjects(
        (NAMESPACE, {"metadata": {"name": "default"}}),
        (SERVICE, service("sleep", HTTP, cluster_ip="10.96.1.1")),
        (SERVICE, service("my-httpbin", HTTP, type="ExternalName", externalName="httpbin.org")),
        (SERVICE, service("chain", type="ExternalName", externalName="my-httpbin.default.svc.cluster.local")),
        (SERVICE, service("loop", type="ExternalName", externalName="loop.default.svc.cluster.local")),
        (SERVICE, service("unknown", type="ExternalName", externalName="nowhere.example")),
        (SERVICE, service("pods", HTTP, cluster_ip="None")),
        (ENDPOINT_SLICE, endpoint_slice("pods", ["10.244.0.7", "10.244.0.6"], {"http": 8080})),
        (SERVICE, service("empty", HTTP, cluster_ip="None")),
    )


def ask(name: str, kind: str = "A", largest: int | None = 512) -> dnslib.DNSRecord:
    response = respond(Zone(cluster(), OUTSIDE), dnslib.DNSRecord.question(name, kind).pack(), largest)
    assert response is not None
    return dnslib.DNSRecord.parse(response)


def answers(name: str, kind: str = "A") -> list[str]:
    return [f"{dnslib.QTYPE[record.rtype]} {record.rdata}" for record in ask(name, kind).rr]


def status(name: str, kind: str = "A") -> str:
    return str(dnslib.RCODE[ask(name, kind).header.rcode])


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("sleep.default.svc.cluster.local", "A", ["A 10.96.1.1"]),
        ("SLEEP.Default.svc.cluster.LOCAL", "A", ["A 10.96.1.1"]),
        (
            "my-httpbin.default.svc.cluster.local",
            "A",
            ["CNAME httpbin.org.", "A 203.0.113.10"],
        ),
        (
            "chain.default.svc.cluster.local",
            "A",
            ["CNAME my-httpbin.default.svc.cluster.local.", "CNAME httpbin.org.", "A 203.0.113.10"],
        ),
        ("my-httpbin.default.svc.cluster.local", "CNAME", ["CNAME httpbin.org."]),
        ("unknown.default.svc.cluster.local", "A", ["CNAME nowhere.example."]),
        ("pods.default.svc.cluster.local", "A", ["A 10.244.0.6", "A 10.244.0.7"]),
        ("10-244-0-7.pods.default.svc.cluster.local", "A", ["A 10.244.0.7"]),
        (
            "_http._tcp.sleep.default.svc.cluster.local",
            "SRV",
            ["SRV 0 100 80 sleep.default.svc.cluster.local."],
        ),
        (
            "_http._tcp.pods.default.svc.cluster.local",
            "SRV",
            [
                "SRV 0 100 8080 10-244-0-7.pods.default.svc.cluster.local.",
                "SRV 0 100 8080 10-244-0-6.pods.default.svc.cluster.local.",
            ],
        ),
        ("10-1-2-3.default.pod.cluster.local", "A", ["A 10.1.2.3"]),
        ("1.1.96.10.in-addr.arpa", "PTR", ["PTR sleep.default.svc.cluster.local."]),
        ("6.0.244.10.in-addr.arpa", "PTR", ["PTR 10-244-0-6.pods.default.svc.cluster.local."]),
        ("en.wikipedia.org", "A", ["A 208.80.153.224", "A 198.35.26.96"]),
    ],
)
def test_names_that_are_there(name: str, kind: str, expected: list[str]) -> None:
    assert (status(name, kind), answers(name, kind)) == ("NOERROR", expected)


@pytest.mark.parametrize(
    "name",
    [
        "sleep.default.svc.cluster.local",
        "pods.default.svc.cluster.local",
        "httpbin.org",
        "default.svc.cluster.local",
        "cluster.local",
        "_http._tcp.sleep.default.svc.cluster.local",
        "1.1.96.10.in-addr.arpa",
    ],
)
def test_a_name_without_records_of_the_kind_exists(name: str) -> None:
    assert (status(name, "AAAA"), answers(name, "AAAA")) == ("NOERROR", [])


@pytest.mark.parametrize(
    "name",
    [
        "nothing.default.svc.cluster.local",
        "sleep.elsewhere.svc.cluster.local",
        "elsewhere.svc.cluster.local",
        "empty.default.svc.cluster.local",
        "sleep.default.svc.cluster.local.default.svc.cluster.local",
        "httpbin.org.default.svc.cluster.local",
        "_other._tcp.sleep.default.svc.cluster.local",
        "_http._udp.sleep.default.svc.cluster.local",
        "10-244-0-9.pods.default.svc.cluster.local",
        "10-1-2-3.elsewhere.pod.cluster.local",
        "not-an-address.default.pod.cluster.local",
        "9.9.9.9.in-addr.arpa",
        "example.org",
        "org",
        "sleep",
    ],
)
@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_names_that_are_not_there(name: str, kind: str) -> None:
    assert (status(name, kind), answers(name, kind)) == ("NXDOMAIN", [])


def test_an_alias_of_itself_ends() -> None:
    assert set(answers("loop.default.svc.cluster.local")) == {"CNAME loop.default.svc.cluster.local."}


def test_the_cluster_is_authoritative_for_its_own_names_only() -> None:
    ours, outside = ask("nothing.default.svc.cluster.local"), ask("example.org")
    assert (ours.header.aa, [str(record.rname) for record in ours.auth]) == (1, ["cluster.local."])
    assert (outside.header.aa, outside.auth) == (0, [])


def test_an_endpoint_that_is_not_ready_has_no_name() -> None:
    objects = MemoryObjects(
        (SERVICE, service("pods", HTTP, cluster_ip="None")),
        (ENDPOINT_SLICE, endpoint_slice("pods", ["10.244.0.7"], {"http": 80}, conditions={"ready": False})),
    )
    assert not Zone(objects, {}).look_up("pods.default.svc.cluster.local", "A").exists


def test_a_large_answer_is_cut_for_a_datagram_and_whole_otherwise() -> None:
    addresses = [f"10.244.1.{number}" for number in range(100)]
    objects = MemoryObjects(
        (SERVICE, service("many", HTTP, cluster_ip="None")),
        (ENDPOINT_SLICE, endpoint_slice("many", addresses, {"http": 80})),
    )
    question = dnslib.DNSRecord.question("many.default.svc.cluster.local").pack()
    cut, whole = respond(Zone(objects, {}), question, 512), respond(Zone(objects, {}), question)
    assert cut is not None
    assert whole is not None
    assert len(cut) <= 512
    assert dnslib.DNSRecord.parse(cut).header.tc == 1
    assert len(dnslib.DNSRecord.parse(whole).rr) == 100


@given(st.binary(max_size=80))
def test_any_bytes_are_answered_or_ignored(message: bytes) -> None:
    respond(Zone(cluster(), OUTSIDE), message, 512)


@given(st.data())
def test_a_damaged_question_is_answered_or_ignored(data: st.DataObject) -> None:
    message = bytearray(dnslib.DNSRecord.question("sleep.default.svc.cluster.local").pack())
    message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    respond(Zone(cluster(), OUTSIDE), bytes(message), 512)


def test_a_response_is_no_question() -> None:
    assert respond(Zone(cluster(), OUTSIDE), dnslib.DNSRecord.question("httpbin.org").reply().pack()) is None


@pytest.mark.sandbox
async def test_pods_ask_over_udp_and_tcp(real_node: NodeClient) -> None:
    await real_node.add_address(CLUSTER_DNS)
    pod = await real_node.create_sandbox_pod("client", ["10.244.0.2"])
    server = DnsServer(cluster(), real_node, OUTSIDE)
    await server.start()
    loop = asyncio.get_running_loop()
    question = dnslib.DNSRecord.question("my-httpbin.default.svc.cluster.local").pack()
    with await pod.make_socket("udp") as datagrams:
        await loop.sock_connect(datagrams, (CLUSTER_DNS, 53))
        await loop.sock_sendall(datagrams, question)
        async with asyncio.timeout(2):
            by_udp = await loop.sock_recv(datagrams, 512)
    stream = await pod.make_socket("tcp")
    await loop.sock_connect(stream, (CLUSTER_DNS, 53))
    reader, writer = await asyncio.open_connection(sock=stream)
    by_tcp = []
    for _ in range(2):
        writer.write(struct.pack(">H", len(question)) + question)
        (length,) = struct.unpack(">H", await reader.readexactly(2))
        by_tcp.append(await reader.readexactly(length))
    writer.close()
    await writer.wait_closed()
    await server.stop()
    assert str(dnslib.DNSRecord.parse(by_udp).rr[-1].rdata) == "203.0.113.10"
    assert by_tcp == [by_udp, by_udp]
