"""Who reaches what: nobody but the user the API, no pod the machine."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from conformance.shell import Shell

from tutorial.sandbox.lifecycle import Sandbox

pytestmark = pytest.mark.sandbox
_LISTENING = "0A"
_LOOPBACK = "0100007F"


@pytest.fixture(scope="module")
def pod(shell: Shell) -> str:
    """A pod to try things in."""
    shell.run("kubectl create namespace isolation")
    shell.run("kubectl run prisoner --namespace=isolation --image=any --command -- sleep infinity")
    waited = shell.run("kubectl wait --namespace=isolation --for=condition=Ready pod/prisoner --timeout=20s")
    assert waited.code == 0, waited.text
    return "kubectl exec --namespace=isolation prisoner -- "


def test_nobody_else_reads_the_credentials(sandbox: Sandbox) -> None:
    for path in (sandbox.kubeconfig, sandbox.folder, sandbox.folder.parent):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_api_listens_on_loopback_alone(sandbox: Sandbox) -> None:
    """Every TCP listener of the supervisor, IPv4 and IPv6."""
    opened = [str(link.readlink()) for link in Path(f"/proc/{sandbox.state.pid}/fd").iterdir()]
    inodes = {name.removeprefix("socket:[").removesuffix("]") for name in opened}
    listeners = [
        fields[1].partition(":")[0]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{sandbox.state.pid}/net/{table}").read_text().splitlines()[1:]
        if (fields := line.split())[3] == _LISTENING and fields[9] in inodes
    ]
    assert listeners == [_LOOPBACK]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.244.0.1", "10.96.0.1"])
def test_a_pod_does_not_reach_the_api_by_its_port(
    sandbox: Sandbox, shell: Shell, pod: str, address: str
) -> None:
    asked = shell.run(f"{pod} curl -sk -m 2 https://{address}:{sandbox.state.port}/version")
    assert asked.code in (7, 28), asked.text


def test_a_pod_has_no_way_out(shell: Shell, pod: str) -> None:
    """Not to the machine's own addresses, and not to the outside."""
    asked = shell.run(f"{pod} curl -s -m 2 http://198.51.100.1/")
    assert asked.code in (7, 28), asked.text


def test_a_pod_sees_none_of_the_users_files(shell: Shell, pod: str) -> None:
    home = Path.home()
    assert shell.run(f"{pod} ls -A /home /root").text.split() == ["/home:", "/root:"]
    looked = shell.run(f"{pod} ls {home}/.ssh {Path(__file__).parent}")
    assert looked.code != 0
    assert "test_isolation.py" not in looked.text


def test_a_pod_sees_only_its_own_processes(shell: Shell, pod: str) -> None:
    numbers = shell.run(f"{pod} sh -c 'ls -d /proc/[0-9]*'").text.split()
    assert len(numbers) < 10
