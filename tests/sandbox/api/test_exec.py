"""kubectl exec: streams, exit codes, terminals and faults."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pexpect
from sandbox.api.cluster_for_tests import Cluster, find_kubectl


def test_streams_and_exit_code(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "box")
    script = "echo out; echo err >&2; exit 7"
    done = cluster.kubectl("exec", "box", "-n", namespace, "--", "sh", "-c", script)
    assert (done.stdout, done.returncode) == ("out\n", 7)
    assert done.stderr == "err\ncommand terminated with exit code 7\n"


def test_stdin_reaches_the_command_and_ends(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "box")
    text = "line\n" * 50_000
    done = cluster.kubectl("exec", "-i", "box", "-n", namespace, "--", "cat", stdin=text)
    assert done.stdout == text


def test_large_output_arrives_whole(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "box")
    command = ("sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x")
    done = cluster.kubectl("exec", "box", "-n", namespace, "--", *command)
    assert len(done.stdout) == 3_000_000


def test_a_terminal_has_the_size_of_the_callers(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "box")
    arguments = ["exec", "-it", "box", "-n", namespace, "--", "sh", "-c", "sleep 0.5; stty size; exit 3"]
    terminal = pexpect.spawn(
        find_kubectl(), arguments, env=cluster.environment, dimensions=(33, 101), timeout=15, encoding="utf-8"
    )
    terminal.expect("33 101")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 3


def test_a_client_that_goes_takes_its_command_along(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "box")
    with subprocess.Popen(
        [find_kubectl(), "exec", "box", "-n", namespace, "--", *_PRINT_PID_AND_SLEEP],
        env=cluster.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdout is not None
        pid = int(client.stdout.readline())
        client.kill()
    assert _ends(pid)


def test_faults(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "pair", "first", "second")
    missing = cluster.kubectl("exec", "nothing", "-n", namespace, "--", "true")
    assert missing.stderr == 'Error from server (NotFound): pods "nothing" not found\n'
    wrong = cluster.kubectl("exec", "pair", "-c", "third", "-n", namespace, "--", "true")
    assert wrong.returncode == 1
    assert (
        "container third is not valid for pod pair" in wrong.stderr or "not found in pod pair" in wrong.stderr
    )


def test_a_container_that_does_not_run_is_named(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "box", "ended")
    refused = cluster.kubectl("exec", "box", "-n", namespace, "--", "true")
    assert refused.returncode == 1
    assert "container not running (ended)" in refused.stderr


_PRINT_PID_AND_SLEEP = (sys.executable, "-u", "-c", "import os, time; print(os.getpid()); time.sleep(60)")


def _ends(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False
