"""A pod with a real sidecar, and a server outside that says what it was sent."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sandbox.objects_for_tests import MemoryObjects, pod, service

from tutorial.sandbox.mesh.control import PROXY_FOLDER, MeshControl
from tutorial.sandbox.mesh.injection import Injector
from tutorial.sandbox.net.service_proxy import ServiceProxy
from tutorial.sandbox.node.client import NodeClient, PodSandbox, Process, ProcessSpec
from tutorial.sandbox.node.rootfs import Mount
from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import SERVICE

POD_IP = "10.244.0.2"
OUTSIDE = "203.0.113.10"
TLS_HANDSHAKE = b"\x16"
_READY_SECONDS = 10.0


@dataclass
class Outside:
    """A plain server that answers every request with the request itself, and TLS with a refusal."""

    node: NodeClient
    first_bytes: list[bytes] = field(default_factory=list)
    servers: list[asyncio.Server] = field(default_factory=list)

    async def listen(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        listener = await self.node.listen(OUTSIDE, port, "tcp", "outside")
        self.servers.append(await asyncio.start_server(self.echo, sock=listener, ssl=tls))

    async def send(self, address: str, port: int, data: bytes) -> bytes:
        """All that comes back for `data`, sent from outside the mesh."""
        return await _exchange(await self.node.pods["outside"].make_socket("tcp"), address, port, data)

    async def echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.read(1)
            self.first_bytes.append(first)
            if first == TLS_HANDSHAKE:
                writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                return
            request = first + await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(request), request))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@dataclass
class Sidecar:
    """A pod whose traffic goes through its Envoy."""

    objects: MemoryObjects
    control: MeshControl
    pod: Object
    sandbox: PodSandbox
    envoy: Process

    async def settled(self) -> None:
        """Wait until Envoy has the present configuration."""
        await asyncio.sleep(0)
        async with asyncio.timeout(_READY_SECONDS):
            await asyncio.sleep(0.01)
            while not await self.control.ready(self.pod):
                await asyncio.sleep(0.005)

    async def send(self, address: str, port: int, data: bytes) -> bytes:
        """All that comes back for `data`, until the other side closes or resets the connection."""
        return await _exchange(await self.sandbox.make_socket("tcp"), address, port, data)

    async def get(self, address: str, host: str, port: int = 80, path: str = "/") -> str:
        """The whole response to a GET."""
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        return (await self.send(address, port, request.encode())).decode(errors="replace")

    def log(self) -> str:
        """What Envoy has written to its standard output since the last call."""
        os.set_blocking(self.envoy.stdout, False)
        try:
            return os.read(self.envoy.stdout, 1 << 16).decode()
        except BlockingIOError:
            return ""


async def _exchange(sock: socket.socket, address: str, port: int, data: bytes) -> bytes:
    await asyncio.get_running_loop().sock_connect(sock, (address, port))
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        writer.write(data)
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.fixture
async def outside(real_node: NodeClient) -> AsyncIterator[Outside]:
    await real_node.create_sandbox_pod("outside", [OUTSIDE])
    found = Outside(real_node)
    yield found
    for server in found.servers:
        server.close()


@pytest.fixture
async def sidecar(real_node: NodeClient, tmp_path: Path) -> AsyncIterator[Sidecar]:
    """A ready sidecar in a cluster with the sleep service."""
    sleep = service("sleep", {"name": "http", "port": 80}, cluster_ip="10.96.0.5")
    objects = MemoryObjects((SERVICE, sleep))
    control, proxy = MeshControl(objects, tmp_path), ServiceProxy(objects, real_node)
    await control.start()
    await proxy.start()
    namespace = {"metadata": {"name": "default", "labels": {"istio-injection": "enabled"}}}
    injected = Injector().admit_pod(pod("sleep-1", labels={"app": "sleep"}), namespace)
    start = control.prepare(injected, POD_IP)
    assert start is not None
    sandbox = await real_node.create_sandbox_pod(
        "sleep-1", [POD_IP], mounts=[Mount(start.folder, PROXY_FOLDER, read_only=False)]
    )
    await sandbox.apply_rules(start.redirect)
    program = os.open(start.program, os.O_RDONLY | os.O_CLOEXEC)
    spec = ProcessSpec(["envoy", *start.arguments], net_admin=True, program=program)
    envoy = await sandbox.start_process(spec)
    os.close(program)
    found = Sidecar(objects, control, injected, sandbox, envoy)
    await found.settled()
    yield found
    await proxy.stop()
    await control.stop()
    os.close(envoy.stdout)
    if envoy.stderr is not None:
        os.close(envoy.stderr)
