"""However a run ends, nothing is left: normal end, quit, signals, a closed pipe, kill -9."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable

import pytest
from end_to_end.conftest import PROGRAM, Machine
from end_to_end.terminal import Terminal

pytestmark = pytest.mark.sandbox

OpenTerminal = Callable[..., Terminal]


def test_a_whole_run_passes_and_leaves_nothing(machine: Machine) -> None:
    done = machine.run("run", "externalname", "--auto")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "17 passed" in done.stdout + done.stderr
    machine.assert_nothing_left()


def test_quitting_at_the_first_pause_leaves_nothing(machine: Machine, terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for("Enter")
    shown.press("q")
    shown.wait_for("roll back")
    shown.press("\r")
    assert shown.wait_for_exit() == 0
    machine.assert_nothing_left()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_a_signal_in_an_unattended_run_rolls_back(machine: Machine, number: int, code: int) -> None:
    assert machine.run("sandbox", "up").returncode == 0
    process = subprocess.Popen(
        [PROGRAM, "run", "externalname", "--auto"],
        env=machine.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        _wait_for_object(machine, "service/my-httpbin")
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == code, output
    assert _objects(machine) == PRISTINE


def test_a_reader_that_goes_away_does_not_stop_the_rollback(machine: Machine) -> None:
    assert machine.run("sandbox", "up").returncode == 0
    subprocess.run(
        ["bash", "-c", f"{PROGRAM} run externalname --auto | head -n 3"],
        env=machine.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=True,
    )
    _wait_until_pristine(machine)


def test_kill_at_many_moments_then_rollback_leaves_the_cluster_as_it_was(machine: Machine) -> None:
    assert machine.run("sandbox", "up").returncode == 0
    for moment in range(12):
        process = subprocess.Popen(
            [PROGRAM, "run", "externalname", "--auto"],
            env=machine.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with process:
            time.sleep(0.3 + 0.35 * moment)
            process.kill()
        rolled_back = machine.run("rollback")
        assert rolled_back.returncode == 0, rolled_back.stdout + rolled_back.stderr
        _wait_until_pristine(machine)


def test_a_run_whose_sandbox_dies_with_it_only_needs_its_journal_closed(machine: Machine) -> None:
    process = subprocess.Popen(
        [PROGRAM, "run", "externalname", "--auto"],
        env=machine.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with process:
        time.sleep(2)
        process.kill()
    assert machine.run("rollback").returncode == 0
    assert machine.run("status").returncode == 0
    machine.assert_nothing_left()


KINDS = "namespaces,serviceaccounts,services,deployments,pods,destinationrules,configmaps"
PRISTINE = {
    "configmap/kube-root-ca.crt",
    "namespace/default",
    "namespace/istio-system",
    "namespace/kube-node-lease",
    "namespace/kube-public",
    "namespace/kube-system",
    "service/kubernetes",
    "serviceaccount/default",
}


def _objects(machine: Machine) -> set[str]:
    """Every namespace, and every object in `default`."""
    return set(machine.kubectl("get", KINDS, "-n", "default", "-o", "name").split())


def _wait_until_pristine(machine: Machine, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while _objects(machine) != PRISTINE and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _objects(machine) == PRISTINE


def _wait_for_object(machine: Machine, name: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while name not in _objects(machine):
        assert time.monotonic() < deadline, f"{name} did not appear"
        time.sleep(0.05)
