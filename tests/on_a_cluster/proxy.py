"""A TLS proxy before an API server that does to requests what a bad day does: see `faults`.

kubectl and the program reach it by the kubeconfig that it writes: its own certificate, and a token
of its own. It goes on to the cluster as the user whose kubeconfig it was given.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import socket
import ssl
import tempfile
import threading
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from backends.authority import Authority
from on_a_cluster.faults import Answer, CutBody, CutWatch, Delay, Drop, Fault, Hold, LoseAnswer, Rule, refuse
from on_a_cluster.http1 import Head, body_of, framed, read_head

from tutorial.backends.credentials import Credentials, Identity
from tutorial.backends.kubeconfig import Access

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Request:
    """One request as it came. `fault` is what happened to it."""

    method: str
    path: str
    agent: str
    fault: Fault | None


class FaultProxy:
    """A running proxy. `rules` is asked in order for each request, and may be changed at any time;
    `requests` is what came so far. Every method may be called from the test's own thread."""

    def __init__(self, access: Access, loop: asyncio.AbstractEventLoop) -> None:
        self.rules: list[Rule] = []
        self.requests: list[Request] = []
        self._access = access
        self._credentials = Credentials(access, os.environ)
        self._loop = loop
        self._authority = Authority()
        self._tls = _server_tls(self._authority)
        self._token = secrets.token_hex(8)
        self._writers: set[asyncio.StreamWriter] = set()
        self._socket = _bound(0)
        self._port = int(self._socket.getsockname()[1])
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    def write_kubeconfig(self, path: Path, *, namespace: str = "default") -> Path:
        """A kubeconfig that reaches the cluster through this proxy, with the token that is good now."""
        cluster = {
            "server": self.url,
            "certificate-authority-data": base64.b64encode(self._authority.certificate).decode(),
        }
        context = {"cluster": "proxied", "user": "proxied", "namespace": namespace}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "proxied", "cluster": cluster}],
            "users": [{"name": "proxied", "user": {"token": self._token}}],
            "contexts": [{"name": "proxied", "context": context}],
            "current-context": "proxied",
        }
        path.write_text(json.dumps(content))
        return path

    def expire_credentials(self) -> None:
        """From now on the token of the kubeconfigs written so far is refused (401)."""
        self._token = secrets.token_hex(8)

    def add(self, *rules: Rule) -> None:
        self.rules += rules

    def go_away(self) -> None:
        """Refuse connections, and reset those that are open, as if the API server had ended."""
        self.call(self._go_away())

    def come_back(self) -> None:
        """Listen again, on the same port."""
        self.call(self._come_back())

    def count(self, method: str, part_of_path: str = "") -> int:
        """How many requests of this method came whose path holds this."""
        return sum(each.method == method and part_of_path in each.path for each in list(self.requests))

    def call(self, work: Coroutine[Any, Any, Result], seconds: float = 30) -> Result:
        """Do this in the proxy's own thread."""
        future: Future[Result] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(seconds)

    async def _come_back(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, sock=self._socket, ssl=self._tls)

    async def _go_away(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        self._socket = _bound(self._port)  # nobody else may take the port, and connections are refused

    async def close(self) -> None:
        await self._go_away()
        self._socket.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client, to its end."""
        client = (reader, writer)
        server: Stream | None = None
        self._writers.add(writer)
        try:
            while (head := await read_head(reader)) is not None:
                body = b"".join([piece async for piece in body_of(head, reader)])
                method, path, _ = head.start.split(" ", 2)
                fault = self._fault_of(head, method, path)
                self.requests.append(Request(method, path, head.get("user-agent"), fault))
                if isinstance(fault, Delay):
                    await asyncio.sleep(fault.seconds)
                while isinstance(fault, Hold) and not fault.released.is_set():
                    await asyncio.sleep(0.01)
                if isinstance(fault, Drop):
                    return
                if isinstance(fault, Answer):
                    writer.write(_encoded(fault))
                    await writer.drain()
                    continue
                if server is None:
                    server = await self._connect()
                    self._writers.add(server[1])
                if not await self._forward(client, server, head, body, fault):
                    return
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            for each in (writer, *((server[1],) if server else ())):
                self._writers.discard(each)
                each.transport.abort()

    def _fault_of(self, head: Head, method: str, path: str) -> Fault | None:
        if head.get("authorization") != f"Bearer {self._token}":
            return refuse(401)
        agent = head.get("user-agent")
        return next((rule.fault for rule in list(self.rules) if rule.takes(method, path, agent)), None)

    async def _connect(self) -> Stream:
        parts = urlsplit(self._access.server)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme == "http":
            return await asyncio.open_connection(parts.hostname, port)
        tls = _client_tls(self._access, self._credentials.identity())
        name = str(self._access.cluster.get("tls-server-name") or parts.hostname)
        return await asyncio.open_connection(parts.hostname, port, ssl=tls, server_hostname=name)

    async def _forward(
        self, client: Stream, server: Stream, head: Head, body: bytes, fault: Fault | None
    ) -> bool:
        """Hand on the request and its answer; whether the connection goes on."""
        method, path, version = head.start.split(" ", 2)
        prefix = urlsplit(self._access.server).path.rstrip("/")
        head.start = f"{method} {prefix}{path} {version}"
        head.replace("Authorization")
        for name, value in self._credentials.identity().headers:
            head.replace(name, value)
        if head.is_chunked:
            head.replace("Transfer-Encoding")
            head.replace("Content-Length", str(len(body)))
        server[1].write(head.encode() + body)
        await server[1].drain()
        answer = await read_head(server[0])
        if answer is None or isinstance(fault, LoseAnswer):
            return False
        client[1].write(answer.encode())
        if answer.status == 101:
            await _both_ways(client, server)
            return False
        left = _Allowance(fault)
        async for piece in body_of(answer, server[0], method=method):
            client[1].write(framed(answer, left.of(piece)))
            await client[1].drain()
            if left.is_used_up:
                return False
        if answer.is_chunked:
            client[1].write(framed(answer, b""))
            await client[1].drain()
        return not left.cuts and "close" not in answer.get("connection").lower()


class _Allowance:
    """How much of a body may pass."""

    def __init__(self, fault: Fault | None) -> None:
        self._bytes = fault.after_bytes if isinstance(fault, CutBody) else None
        self._events = fault.after_events if isinstance(fault, CutWatch) else None
        self.cuts = self._bytes is not None or self._events is not None

    def of(self, piece: bytes) -> bytes:
        if self._bytes is not None:
            piece = piece[: self._bytes]
            self._bytes -= len(piece)
        if self._events is not None:
            piece = b"".join(piece.splitlines(keepends=True)[: self._events])
            self._events -= piece.count(b"\n")
        return piece

    @property
    def is_used_up(self) -> bool:
        return self._bytes == 0 or (self._events is not None and self._events <= 0)


@contextmanager
def proxying(access: Access) -> Iterator[FaultProxy]:
    """A proxy before this API server, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    proxy = FaultProxy(access, loop)
    try:
        proxy.come_back()
        yield proxy
    finally:
        proxy.call(proxy.close())
        proxy.call(_end_tasks())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_tasks() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _both_ways(client: Stream, server: Stream) -> None:
    """What comes after an upgrade, until either side ends."""
    copies = [
        asyncio.create_task(_copy(client[0], server[1])),
        asyncio.create_task(_copy(server[0], client[1])),
    ]
    await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    for copy in copies:
        copy.cancel()
    await asyncio.gather(*copies, return_exceptions=True)
    with suppress(OSError):
        client[1].close()
        await client[1].wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()


def _bound(port: int) -> socket.socket:
    """A socket that has the port and does not listen yet: connections to it are refused."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _encoded(answer: Answer) -> bytes:
    fields = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.content))}
    head = Head(f"HTTP/1.1 {answer.status} Answer", list({**fields, **answer.headers}.items()))
    return head.encode() + answer.content


def _server_tls(authority: Authority) -> ssl.SSLContext:
    pair = authority.issue("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, [pair.certificate, pair.key])
    return context


def _client_tls(access: Access, identity: Identity) -> ssl.SSLContext:
    data, file = (access.cluster.get(f"certificate-authority{suffix}") for suffix in ("-data", ""))
    cadata = base64.b64decode(str(data)).decode() if data else None
    context = ssl.create_default_context(cafile=str(file) if file else None, cadata=cadata)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if access.cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if identity.certificate and identity.key:
        _load(context, [identity.certificate, identity.key])
    return context


def _load(context: ssl.SSLContext, parts: Sequence[bytes]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"\n".join(parts))
        file.flush()
        context.load_cert_chain(file.name)
