"""The outside as a pod sees it: real sockets in the node, the real httpbin."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tutorial.sandbox.internet.names import HTTPBIN_ADDRESSES, OUTSIDE_NAMES, WIKIPEDIA_ADDRESSES
from tutorial.sandbox.internet.service import POD_NAME, Internet
from tutorial.sandbox.node.client import NodeClient, PodSandbox

pytestmark = pytest.mark.sandbox


@pytest.fixture
async def internet(real_node: NodeClient, tmp_path: Path) -> AsyncIterator[Internet]:
    found = Internet(real_node, tmp_path)
    await found.start()
    await found.up()
    yield found
    await found.stop()


@pytest.fixture
async def pod(real_node: NodeClient) -> PodSandbox:
    return await real_node.create_sandbox_pod("client", ["10.244.0.2"])


async def connect(
    pod: PodSandbox, address: str, port: int, tls: ssl.SSLContext | None = None, name: str | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    sock = await pod.make_socket("tcp")
    try:
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except OSError:
        sock.close()
        raise
    return await asyncio.open_connection(sock=sock, ssl=tls, server_hostname=name)


async def get(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, path: str
) -> tuple[str, bytes]:
    """Head and body of one response over a connection that stays open."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nUser-Agent: curl/7.88.1\r\n\r\n"
    writer.write(request.encode())
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        return head, await reader.readexactly(length)


async def test_httpbin_returns_the_headers_of_the_document_and_keeps_the_connection(
    internet: Internet, pod: PodSandbox
) -> None:
    reader, writer = await connect(pod, HTTPBIN_ADDRESSES[0], 80)
    with closing(writer):
        host = "my-httpbin.default.svc.cluster.local"
        for _ in range(2):
            _, body = await get(reader, writer, host, "/headers")
            assert json.loads(body) == {
                "headers": {"Accept": "*/*", "Host": host, "User-Agent": "curl/7.88.1"}
            }
        _, origin = await get(reader, writer, host, "/ip")
    assert json.loads(origin) == {"origin": "10.244.0.2"}


async def test_httpbin_and_wikipedia_answer_over_tls_under_the_authority(
    internet: Internet, pod: PodSandbox
) -> None:
    trust = ssl.create_default_context(cadata=internet.authority)
    reader, writer = await connect(pod, HTTPBIN_ADDRESSES[0], 443, trust, "httpbin.org")
    with closing(writer):
        _, headers = await get(reader, writer, "httpbin.org", "/headers")
        _, url = await get(reader, writer, "httpbin.org", "/get")
    assert set(json.loads(headers)["headers"]) == {"Accept", "Host", "User-Agent"}
    assert json.loads(url)["url"] == "https://httpbin.org/get"
    for address in WIKIPEDIA_ADDRESSES:
        reader, writer = await connect(pod, address, 443, trust, "en.wikipedia.org")
        with closing(writer):
            head, page = await get(reader, writer, "en.wikipedia.org", "/wiki/Main_Page")
        assert head.startswith("http/1.1 200")
        assert b"<title>Wikipedia, the free encyclopedia</title>" in page


async def test_wikipedia_sends_plain_http_to_https(internet: Internet, pod: PodSandbox) -> None:
    reader, writer = await connect(pod, WIKIPEDIA_ADDRESSES[0], 80)
    with closing(writer):
        head, _ = await get(reader, writer, "en.wikipedia.org", "/wiki/Main_Page")
    assert "location: https://en.wikipedia.org/wiki/main_page" in head


async def test_another_port_is_refused(internet: Internet, pod: PodSandbox) -> None:
    with pytest.raises(ConnectionRefusedError):
        await connect(pod, HTTPBIN_ADDRESSES[0], 8080)


async def test_garbage_instead_of_tls_hurts_nobody_else(internet: Internet, pod: PodSandbox) -> None:
    _, writer = await connect(pod, WIKIPEDIA_ADDRESSES[0], 443)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await writer.drain()
    writer.close()
    trust = ssl.create_default_context(cadata=internet.authority)
    reader, writer = await connect(pod, WIKIPEDIA_ADDRESSES[0], 443, trust, "en.wikipedia.org")
    with closing(writer):
        head, _ = await get(reader, writer, "en.wikipedia.org", "/wiki/Main_Page")
    assert head.startswith("http/1.1 200")


async def test_stopping_leaves_no_process_no_pod_and_no_socket_file(
    real_node: NodeClient, tmp_path: Path
) -> None:
    internet = Internet(real_node, tmp_path)
    await internet.start()
    await internet.up()
    (server,) = children()
    await internet.stop()
    assert server not in children()
    assert POD_NAME not in real_node.pods
    assert list(tmp_path.iterdir()) == []


async def test_stopping_before_it_is_up_is_quiet(real_node: NodeClient, tmp_path: Path) -> None:
    internet = Internet(real_node, tmp_path)
    await internet.start()
    await internet.stop()
    assert POD_NAME not in real_node.pods


def test_every_outside_name_has_an_address_that_the_pod_has() -> None:
    ours = {*HTTPBIN_ADDRESSES, *WIKIPEDIA_ADDRESSES}
    assert set(OUTSIDE_NAMES) == {"httpbin.org", "en.wikipedia.org", "www.wikipedia.org"}
    assert all(set(addresses) <= ours for addresses in OUTSIDE_NAMES.values())


def children() -> set[int]:
    """The internet's servers among this process's children."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (path / "cmdline").read_text()
        except OSError:
            continue
        if parent == os.getpid() and "tutorial.sandbox.internet.server" in command:
            found.add(int(path.name))
    return found
