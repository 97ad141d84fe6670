"""A little Kubernetes API server over real TLS, with the faults that the tests ask for."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from backends.authority import Pair

RESOURCES = {
    ("", "v1"): [
        ("namespaces", "Namespace", False, ["ns"]),
        ("services", "Service", True, ["svc"]),
        ("endpoints", "Endpoints", True, ["ep"]),
        ("events", "Event", True, ["ev"]),
        ("secrets", "Secret", True, []),
    ],
    ("apps", "v1"): [("deployments", "Deployment", True, ["deploy"])],
    ("apps", "v1beta1"): [("deployments", "Deployment", True, ["deploy"])],
    ("serving.test", "v1"): [("services", "Service", True, ["ksvc"])],
}


@dataclass
class Fault:
    """What to do with one request in place of answering it: a status, or `cut` the connection, or
    (`silent`) take what comes on it and answer nothing any more. With `page` something else than an
    API server answers: an HTML page."""

    status: int = 0
    page: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    silent: bool = False
    act_first: bool = False


@dataclass
class Seen:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    peer: tuple[str, int]
    certificate: dict[str, Any] | None
    lines: tuple[tuple[str, str], ...] = ()
    """The headers as they came, also those that came several times."""


class ApiServer:
    """The state that requests read and change. `objects` maps an object's path to the object;
    `forbidden` are verbs that the user may not use, as far as access reviews say."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.seen: list[Seen] = []
        self.faults: deque[Fault | None] = deque()
        self.refused: dict[str, int] = {}
        self.forbidden: set[str] = set()
        self.aggregated = True
        self.version = {"major": "1", "minor": "36+", "gitVersion": "v1.36.4-test.1"}
        self.stale_groups: set[str] = set()
        self.token = ""
        self.close_after_answer = False
        self.page = 2
        self.expired_pages = 0
        self.url = ""
        self.sockets: list[socket.socket] = []

    def put(self, path: str, kind: str, **metadata: Any) -> dict[str, Any]:
        name = path.rpartition("/")[2]
        uid = str(uuid.uuid4())
        stamp = "2026-11-24T03:00:00Z"
        body = {"kind": kind, "metadata": {"name": name, "uid": uid, "creationTimestamp": stamp, **metadata}}
        self.objects[path] = body
        return body

    def cut_all_connections(self) -> None:
        """Close every connection from the server's side, as a restarted server or a proxy would."""
        for each in self.sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self.sockets.clear()

    def discovery(self, root: str) -> dict[str, Any]:
        groups: dict[str, list[dict[str, Any]]] = {}
        for (group, version), resources in RESOURCES.items():
            if (root == "/api") == (group == ""):
                stale = f"{group}/{version}" in self.stale_groups
                groups.setdefault(group, []).append(
                    {
                        "version": version,
                        "freshness": "Stale" if stale else "Current",
                        "resources": [] if stale else [_aggregated(*each) for each in resources],
                    }
                )
        items = [{"metadata": {"name": name}, "versions": versions} for name, versions in groups.items()]
        return {"kind": "APIGroupDiscoveryList", "items": items}

    def legacy(self, path: str) -> dict[str, Any] | None:
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            versions = [{"version": "v1beta1"}, {"version": "v1"}]
            groups = [{"name": "apps", "versions": versions, "preferredVersion": {"version": "v1"}}]
            return {"kind": "APIGroupList", "groups": groups}
        group, _, version = path.removeprefix("/apis/").removeprefix("/api/").rpartition("/")
        resources = RESOURCES.get((group, version))
        if resources is None or f"{group}/{version}" in self.stale_groups:
            return None
        found = [{"name": "deployments/scale", "kind": "Scale", "namespaced": True, "verbs": ["get"]}]
        found += [_legacy(*each) for each in resources]
        return {"kind": "APIResourceList", "resources": found}


def _aggregated(plural: str, kind: str, namespaced: bool, short: list[str]) -> dict[str, Any]:
    return {
        "resource": plural,
        "responseKind": {"kind": kind},
        "scope": "Namespaced" if namespaced else "Cluster",
        "singularResource": kind.lower(),
        "verbs": ["get", "list", "create", "delete"],
        "shortNames": short,
    }


def _legacy(plural: str, kind: str, namespaced: bool, short: list[str]) -> dict[str, Any]:
    verbs = ["get", "list", "create", "delete"]
    return {"name": plural, "kind": kind, "namespaced": namespaced, "verbs": verbs, "shortNames": short}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    api: ApiServer

    def do_GET(self) -> None:
        path, query = self._begin()
        if path is None:
            return
        if path in ("/api", "/apis") and self.api.aggregated:
            self._answer(200, self.api.discovery(path))
        elif path == "/version":
            self._answer(200, self.api.version)
        elif path in self.api.objects:
            self._answer(200, self.api.objects[path])
        elif any(known.rpartition("/")[0] == path for known in self.api.objects):
            self._list(path, query)
        else:
            legacy = self.api.legacy(path)
            self._answer(200, legacy) if legacy else self._refuse(404)

    def do_DELETE(self) -> None:
        path, _ = self._begin()
        if path is None:
            return
        found = self.api.objects.get(path)
        if found is None:
            self._refuse(404)
        elif any(found["metadata"].get(name) != value for name, value in self.body["preconditions"].items()):
            self._refuse(409)
        else:
            del self.api.objects[path]
            self._answer(200, {"kind": "Status", "status": "Success"})

    def do_PATCH(self) -> None:
        path, _ = self._begin()
        if path is None:
            return
        self.api.objects[path]["metadata"].update(self.body["metadata"])
        self._answer(200, self.api.objects[path])

    def do_POST(self) -> None:
        path, query = self._begin()
        if path is None:
            return
        if path.endswith("/selfsubjectaccessreviews"):
            verb = self.body["spec"]["resourceAttributes"]["verb"]
            self._answer(201, {"kind": "Status", "status": {"allowed": verb not in self.api.forbidden}})
            return
        if query.get("dryRun") == ["All"]:
            self._answer(201, self.body)
            return
        name = self.body["metadata"]["name"]
        if f"{path}/{name}" in self.api.objects:
            self._refuse(409)
        elif self.body.get("spec", {}).get("clusterIP") == "10.0.0.1":
            self._refuse(422)
        else:
            self.body["metadata"].update(uid=str(uuid.uuid4()), creationTimestamp="2026-11-24T03:30:00Z")
            self.api.objects[f"{path}/{name}"] = self.body
            self._answer(201, self.body)

    def log_message(self, *arguments: object) -> None:
        pass

    def _begin(self) -> tuple[str | None, dict[str, list[str]]]:
        """Record the request. The path is None when a fault took its place."""
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.body: dict[str, Any] = json.loads(content) if content else {}
        certificate = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.api.sockets.append(self.connection)
        self.api.seen.append(
            Seen(
                self.command,
                self.path,
                headers,
                deepcopy(self.body),
                self.client_address,
                certificate,
                tuple(self.headers.items()),
            )
        )
        fault = self.api.faults.popleft() if self.api.faults else None
        if fault is not None:
            if fault.act_first:
                self.api.objects.pop(parts.path, None)
            if fault.cut:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            elif fault.silent:
                while self.rfile.read(1):
                    pass
            elif fault.page:
                self._send(fault.status, b"<html>Log in first</html>", {"Content-Type": "text/html"})
            else:
                self._refuse(fault.status, fault.headers)
            return None, {}
        if self.api.token and headers.get("authorization") != f"Bearer {self.api.token}":
            self._refuse(401)
            return None, {}
        if parts.path in self.api.refused:
            self._refuse(self.api.refused[parts.path])
            return None, {}
        return parts.path, parse_qs(parts.query)

    def _list(self, path: str, query: dict[str, list[str]]) -> None:
        items = [each for known, each in self.api.objects.items() if known.rpartition("/")[0] == path]
        start = int(query.get("continue", ["0"])[0])
        if start and self.api.expired_pages:
            self.api.expired_pages -= 1
            self._refuse(410)
            return
        end = start + self.api.page
        metadata = {"continue": str(end)} if end < len(items) else {}
        self._answer(200, {"kind": "List", "metadata": metadata, "items": items[start:end]})

    def _refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
        self._answer(status, {"kind": "Status", "message": f"refused with {status}", "code": status}, headers)

    def _answer(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(body).encode(), headers)

    def _send(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        if self.api.close_after_answer:
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that refuses our certificate is part of the tests."""


@contextmanager
def serving(pair: Pair, authority: bytes, folder: Path) -> Iterator[ApiServer]:
    """A server on loopback that asks for a client certificate but does not insist."""
    (folder / "server.pem").write_bytes(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.load_verify_locations(cadata=authority.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    api = ApiServer()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    api.url = f"https://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield api
    finally:
        api.cut_all_connections()
        server.shutdown()
        thread.join()
        server.server_close()
