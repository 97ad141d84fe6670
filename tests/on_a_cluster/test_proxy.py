"""The proxy of faults itself: what goes through it, and each thing that it can do."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from end_to_end.machine import KUBECTL
from on_a_cluster.cluster import Cluster
from on_a_cluster.faults import CutBody, CutWatch, Delay, Drop, LoseAnswer, Rule, refuse
from on_a_cluster.proxy import FaultProxy

from tutorial.backends.credentials import Credentials
from tutorial.backends.kubeconfig import load_kubeconfig
from tutorial.backends.silence import Silence
from tutorial.backends.transport import open_connection

pytestmark = pytest.mark.sandbox

NAMESPACES = "/api/v1/namespaces"


class Client:
    """Asks through the proxy, one connection a request."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self._access = load_kubeconfig([kubeconfig]).access()
        self._connections: list[http.client.HTTPConnection] = []

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        answer = self.open(path)
        return answer.status, json.loads(answer.read())

    def open(self, path: str, method: str = "GET", body: str | None = None) -> http.client.HTTPResponse:
        identity = Credentials(self._access, {}).identity()
        connection = open_connection(self._access, identity, 5, 20, Silence())
        self._connections.append(connection)
        connection.request(method, path, body, dict(identity.headers))
        return connection.getresponse()

    def log_in_again(self, proxy: FaultProxy) -> None:
        self._access = load_kubeconfig([proxy.write_kubeconfig(self.kubeconfig)]).access()

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        folder = self.kubeconfig.parent
        return subprocess.run(
            [KUBECTL, "--kubeconfig", str(self.kubeconfig), *arguments],
            env={"HOME": str(folder), "KUBECACHEDIR": str(folder / "cache"), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def client(proxy: FaultProxy, tmp_path: Path) -> Iterator[Client]:
    client = Client(proxy.write_kubeconfig(tmp_path / "kubeconfig"))
    yield client
    client.close()


def test_kubectl_speaks_through_it(proxy: FaultProxy, client: Client, cluster: Cluster) -> None:
    done = client.kubectl("get", "namespaces", "-o", "name")
    assert done.stdout == cluster.kubectl("get", "namespaces", "-o", "name"), done.stderr
    assert proxy.count("GET", NAMESPACES) == 1
    assert proxy.url in client.kubeconfig.read_text()
    assert cluster.access.server not in client.kubeconfig.read_text()


def test_a_dropped_request_did_not_arrive(proxy: FaultProxy, client: Client) -> None:
    proxy.add(Rule(Drop(), "GET", NAMESPACES, skip=1, times=1))
    assert client.get(NAMESPACES)[0] == 200
    with pytest.raises((ConnectionError, http.client.HTTPException, ssl.SSLError)):
        client.open(NAMESPACES)
    assert client.get(NAMESPACES)[0] == 200


def test_a_lost_answer_is_of_a_request_that_was_acted_on(
    proxy: FaultProxy, client: Client, cluster: Cluster
) -> None:
    proxy.add(Rule(LoseAnswer(), "POST"))
    body = json.dumps({"metadata": {"name": "egress-test-lost"}})
    with pytest.raises((ConnectionError, http.client.HTTPException, ssl.SSLError)):
        client.open(NAMESPACES, "POST", body)
    assert cluster.kubectl("delete", "namespace", "egress-test-lost")


def test_a_delayed_request_arrives_later(proxy: FaultProxy, client: Client) -> None:
    proxy.add(Rule(Delay(0.3), times=1))
    began = time.monotonic()
    assert client.get(NAMESPACES)[0] == 200
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("status", [403, 409, 429, 500, 503])
def test_a_refusal_is_a_status_of_the_api(proxy: FaultProxy, client: Client, status: int) -> None:
    proxy.add(Rule(refuse(status, retry_after=1), times=1))
    answer = client.open(NAMESPACES)
    said = json.loads(answer.read())
    assert (answer.status, said["kind"], said["code"]) == (status, "Status", status)
    assert answer.headers["Retry-After"] == "1"
    assert client.get(NAMESPACES)[0] == 200


def test_credentials_that_expired_are_refused_until_a_new_login(proxy: FaultProxy, client: Client) -> None:
    proxy.expire_credentials()
    assert client.get(NAMESPACES)[0] == 401
    client.log_in_again(proxy)
    assert client.get(NAMESPACES)[0] == 200


def test_a_cut_body_is_shorter_than_its_head_says(proxy: FaultProxy, client: Client) -> None:
    proxy.add(Rule(CutBody(20), times=1))
    answer = client.open(NAMESPACES)
    with pytest.raises((ConnectionError, http.client.IncompleteRead, ssl.SSLError)):
        answer.read()


def test_a_cut_watch_ends_after_that_many_events(proxy: FaultProxy, client: Client) -> None:
    proxy.add(Rule(CutWatch(2), path="watch="))
    answer = client.open(f"{NAMESPACES}?watch=true&allowWatchBookmarks=true")
    events = [json.loads(answer.readline())["type"] for _ in range(2)]
    assert events == ["ADDED", "ADDED"]
    with pytest.raises((ConnectionError, http.client.HTTPException, ssl.SSLError)):
        assert answer.readline() == b"", "the watch went on"
        raise ConnectionError


def test_a_server_that_is_gone_refuses_connections_and_comes_back(proxy: FaultProxy, client: Client) -> None:
    kept = client.open(f"{NAMESPACES}?watch=true")
    proxy.go_away()
    with pytest.raises((ConnectionError, http.client.HTTPException, ssl.SSLError)):
        while kept.readline():
            continue
        raise ConnectionError
    with pytest.raises(ConnectionRefusedError):
        client.open(NAMESPACES)
    proxy.come_back()
    assert client.get(NAMESPACES)[0] == 200
