"""exec, attach and port-forward by kubectl, over WebSocket and over SPDY."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPSConnection

import pytest
from sandbox.api.cluster_for_tests import TOKEN, Cluster, find_kubectl

_SPDY = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "false"}


@pytest.fixture(params=["websocket", "spdy"])
def environment(cluster: Cluster, request: pytest.FixtureRequest) -> dict[str, str]:
    """kubectl's environment for one of its two ways to stream."""
    return cluster.environment | (_SPDY if request.param == "spdy" else {})


def _run(environment: dict[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [find_kubectl(), *arguments],
        check=False,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_exec_keeps_streams_apart(cluster: Cluster, namespace: str, environment: dict[str, str]) -> None:
    cluster.run_pod(namespace, "box")
    script = "echo out; echo err >&2; exit 7"
    done = _run(environment, "exec", "box", "-n", namespace, "--", "sh", "-c", script)
    assert (done.returncode, done.stdout) == (7, "out\n")
    assert done.stderr == "err\ncommand terminated with exit code 7\n"


def test_megabytes_go_in_and_come_out(cluster: Cluster, namespace: str, environment: dict[str, str]) -> None:
    cluster.run_pod(namespace, "box")
    text = "0123456789abcdef" * 200_000
    done = _run(environment, "exec", "-i", "box", "-n", namespace, "--", "cat", stdin=text)
    assert done.stdout == text


def test_a_container_that_does_not_run(cluster: Cluster, namespace: str, environment: dict[str, str]) -> None:
    cluster.run_pod(namespace, "box", "ended")
    refused = _run(environment, "exec", "box", "-n", namespace, "--", "true")
    assert (refused.returncode, refused.stderr) == (1, "error: container not running (ended)\n")


def test_attach_carries_both_ways(cluster: Cluster, namespace: str, environment: dict[str, str]) -> None:
    cluster.run_pod(namespace, "box")
    done = _run(environment, "attach", "-i", "box", "-n", namespace, stdin="typed\n")
    assert done.stdout == "typed\n"


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A port of this machine that sends back what it gets until the client has ended, then a farewell."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=_echo, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1]


def _echo(server: socket.socket) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        with client:
            while data := client.recv(65536):
                client.sendall(data)
            client.sendall(b"bye")


def test_port_forward(cluster: Cluster, namespace: str, environment: dict[str, str], echo_port: int) -> None:
    cluster.run_pod(namespace, "box")
    with subprocess.Popen(
        [find_kubectl(), "port-forward", "box", "-n", namespace, f":{echo_port}"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as client:
        try:
            assert client.stdout is not None
            said = client.stdout.readline()
            found = re.search(r"127\.0\.0\.1:(\d+) ->", said)
            assert found, said
            for _ in range(3):
                assert _exchange(int(found[1]), b"hello" * 100_000) == b"hello" * 100_000 + b"bye"
        finally:
            client.terminate()


def _exchange(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        sender = threading.Thread(target=_send_all, args=(connection, data))
        sender.start()
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        sender.join()
    return b"".join(parts)


def _send_all(connection: socket.socket, data: bytes) -> None:
    connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def test_a_port_where_nothing_listens_is_named(
    cluster: Cluster, namespace: str, environment: dict[str, str]
) -> None:
    cluster.run_pod(namespace, "box")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        free = server.getsockname()[1]
    with subprocess.Popen(
        [find_kubectl(), "port-forward", "box", "-n", namespace, f":{free}"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as client:
        try:
            assert client.stdout is not None
            found = re.search(r"127\.0\.0\.1:(\d+) ->", client.stdout.readline())
            assert found
            assert _exchange(int(found[1]), b"") == b""
            said = client.communicate(timeout=20)[0]
        finally:
            client.kill()
    assert f"dial tcp4 127.0.0.1:{free}: connect: connection refused" in said


def test_previous_logs_are_asked_for(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "box")
    assert cluster.ok("logs", "box", "-n", namespace, "--previous", "--tail=1") == "main said three\n"


def test_a_handshake_that_is_none_is_refused(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "box")
    pod = f"/api/v1/namespaces/{namespace}/pods/box"
    said = _ask(cluster, f"{pod}/attach", upgrade="websocket")
    assert (said["code"], said["reason"]) == (400, "BadRequest")
    said = _ask(cluster, f"{pod}/portforward", upgrade="SPDY/3.1")
    assert (said["code"], said["reason"]) == (403, "Forbidden")


def _ask(cluster: Cluster, path: str, *, upgrade: str) -> dict[str, object]:
    """The Status that answers a request without the rest of its handshake."""
    context = ssl.create_default_context(cadata=cluster.authority.decode())
    connection = HTTPSConnection("127.0.0.1", cluster.port, context=context, timeout=10)
    headers = {"Authorization": f"Bearer {TOKEN}", "Connection": "Upgrade", "Upgrade": upgrade}
    with closing(connection):
        connection.request("POST", path, headers=headers)
        status: dict[str, object] = json.loads(connection.getresponse().read())
    return status


def test_a_plain_request_is_told_to_upgrade(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "box")
    for subresource in ("exec?command=true", "attach", "portforward"):
        done = cluster.kubectl("get", "--raw", f"/api/v1/namespaces/{namespace}/pods/box/{subresource}")
        assert "Upgrade request required" in done.stderr, subresource
