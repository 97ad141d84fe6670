"""Thousands of broken requests: each gets an answer, none an internal error, and the server stays as it is.

How many, and how to repeat a run: see `mutations`.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from conformance.requests_to_mutate import (
    CORE,
    HEADERS,
    JSON,
    KEPT,
    OBJECTS,
    PATHS,
    QUERIES,
    Request,
    requests,
)
from end_to_end.machine import wait_until
from mutations import Mutations, how_many

from tutorial.sandbox.lifecycle import Sandbox

pytestmark = pytest.mark.sandbox
SECONDS = 20.0
REST_SECONDS = 0.2
MORE_MEGABYTES = 64
FRAMING = {"Content-Length", "Transfer-Encoding", "Expect", "Upgrade", "Connection"}
AS_KUBERNETES = ("requested a group", "typed patch object", "merge key", "list element types")
"""Words of the errors 500 that a real API server answers as well, to the same requests."""


class Wire:
    """A connection that sends bytes as they are, and opens again when the server has closed it."""

    def __init__(self, sandbox: Sandbox) -> None:
        config = json.loads(sandbox.kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        self.token = config["users"][0]["user"]["token"]
        self._port = sandbox.state.port
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._context = ssl.create_default_context(cadata=authority)
        self._socket: ssl.SSLSocket | None = None

    def ask(self, text: bytes, method: str, *, whole: bool = True) -> tuple[int, bytes]:
        """The answer's code and body; of a stream only its beginning. 0 where there is none: to what
        may not be a whole request, the server may wait for the rest."""
        connection = self._connection()
        connection.settimeout(SECONDS if whole else REST_SECONDS)
        try:
            connection.sendall(text)
            response = http.client.HTTPResponse(connection, method=method)
            response.begin()
            streams = response.chunked or response.status == http.HTTPStatus.SWITCHING_PROTOCOLS
            body = b"" if streams else response.read()
            if streams or response.will_close or not whole:
                self.close()
            response.close()
        except TimeoutError:
            self.close()
            if whole:
                raise
            return 0, b""
        except (http.client.BadStatusLine, ConnectionError, ssl.SSLError):
            self.close()
            return 0, b""
        return response.status, body

    def leave(self, text: bytes) -> None:
        """Send and hang up."""
        self._connection().sendall(text)
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connection(self) -> ssl.SSLSocket:
        if self._socket is None:
            plain = socket.create_connection(("127.0.0.1", self._port), timeout=SECONDS)
            self._socket = self._context.wrap_socket(plain, server_hostname="127.0.0.1")
        return self._socket


class Requests:
    """Makes mutated requests of whole ones."""

    def __init__(self, mutations: Mutations, token: str) -> None:
        self._mutations = mutations
        self._random = mutations.random
        self._token = token
        self._whole = requests()

    def some(self) -> tuple[str, bytes, bool]:
        """The method of a request, its text, and whether that is surely a whole one."""
        request = self._one()
        text = self._text(request)
        if self._random.random() < 0.05:
            return request.method, self._mutations.of(text), False
        return request.method, text, not FRAMING & set(request.headers)

    def _one(self) -> Request:
        way = self._random.choice(("body", "body", "body", "query", "headers", "path"))
        if way == "body":
            request = self._random.choice(self._whole)
            return replace(request, body=self._mutations.of(request.body))
        path = self._random.choice(PATHS)
        if way == "query":
            method = self._random.choice(("GET", "GET", "DELETE", "POST", "PATCH", "PUT"))
            query = self._mutations.of(self._random.choice(QUERIES).encode())[:4000]
            path = path if method == "GET" else f"{path}/nothing"
            return Request(method, path, query=quote(query, safe="=&+,()!%"))
        if way == "path":
            broken = quote(self._mutations.of(path.encode())[:2000], safe="/%")
            return Request(self._random.choice(("GET", "HEAD", "PUT", "OPTIONS", "POST")), broken)
        return self._with_headers(
            self._random.choice((Request("GET", path), self._random.choice(self._whole)))
        )

    def _with_headers(self, request: Request) -> Request:
        headers = dict(request.headers)
        for name in self._random.sample(list(HEADERS), self._random.randint(1, 4)):
            value = self._random.choice(HEADERS[name])
            if self._random.random() < 0.5:
                value = self._mutations.of(value.encode())[:4000].decode("latin-1")
            headers[name] = value.replace("\n", " ").replace("\r", " ")
        return replace(request, headers=headers)

    def _text(self, request: Request) -> bytes:
        target = request.path + (f"?{request.query}" if request.query else "")
        headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {self._token}", **request.headers}
        if request.body and "Transfer-Encoding" not in headers and self._random.random() < 0.2:
            headers["Transfer-Encoding"] = "chunked"
        body = request.body
        if headers.get("Transfer-Encoding") == "chunked":
            body = self._chunked(body)
        else:
            headers.setdefault("Content-Length", str(len(body)))
        lines = [
            f"{request.method} {target or '/'} HTTP/1.1",
            *(f"{name}: {headers[name]}" for name in headers),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def _chunked(self, body: bytes) -> bytes:
        size = self._random.randint(1, 5000)
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def resident_megabytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def descriptors(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def put(wire: Wire, method: str, path: str, content: object) -> int:
    """Send an object that is as it should be."""
    body = json.dumps(content).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {wire.token}\r\n"
    head += f"Content-Type: {JSON}\r\nContent-Length: {len(body)}\r\n\r\n"
    return wire.ask(head.encode() + body, method)[0]


@pytest.fixture
def wire(sandbox: Sandbox) -> Wire:
    """A connection, and the objects that patches are for."""
    made = Wire(sandbox)
    put(made, "POST", "/api/v1/namespaces", {"metadata": {"name": "mutated"}})
    for path, content in OBJECTS:
        if f"{path}/kept" in KEPT or path == f"{CORE}/pods":
            put(made, "POST", path, {**content, "metadata": {"name": "kept"}})
    return made


def check(code: int, body: bytes, method: str) -> None:
    """A success, or a Status that says what is wrong; plain text only for an unknown path."""
    if code < 400:
        return
    said = body.decode()
    assert code < 500 or any(words in said for words in AS_KUBERNETES), said
    if method != "HEAD" and said != "404 page not found\n":
        status = json.loads(said)
        assert (status["kind"], status["code"]) == ("Status", code)


def test_a_mutated_request_is_answered(sandbox: Sandbox, wire: Wire) -> None:
    mutations = Mutations([b""])
    sys.stdout.write(f"{mutations!r}\n")
    made = Requests(mutations, wire.token)
    wire.close()
    open_before, memory, count = descriptors(sandbox.state.pid), 0, how_many(2_000)
    codes: Counter[int] = Counter()
    for number in range(count):
        if number == count // 3:
            memory = resident_megabytes(sandbox.state.pid)
        method, text, whole = made.some()
        if not whole and mutations.random.random() < 0.3:
            wire.leave(text)
            continue
        try:
            code, body = wire.ask(text, method, whole=whole)
            check(code, body, method)
        except Exception as error:
            error.add_note(f"{mutations!r}\n{text[:3000]!r}")
            raise
        codes[code] += 1
    assert put(wire, "DELETE", "/api/v1/namespaces/mutated", {}) == 200
    wire.close()
    sys.stdout.write(f"{codes.most_common()}\n")
    assert "Traceback" not in (sandbox.folder / "supervisor.log").read_text(), mutations
    assert resident_megabytes(sandbox.state.pid) < memory + MORE_MEGABYTES
    assert wait_until(lambda: descriptors(sandbox.state.pid) <= open_before + 5)
