"""Leaving a run and coming back: keep, status, resume, rollback, and two runs at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable

import pytest
from end_to_end.machine import Machine
from end_to_end.terminal import Terminal

pytestmark = pytest.mark.sandbox

OpenTerminal = Callable[..., Terminal]


def status(machine: Machine) -> list[dict[str, object]]:
    runs: list[dict[str, object]] = json.loads(machine.run("status", "-o", "json").stdout)
    return runs


def start_and_stop_at_the_service(shown: Terminal) -> None:
    shown.wait_for_pause()
    shown.answer("\r", "Enter next")


def test_keep_and_resume_stand_at_the_same_step(
    machine: Machine, sandbox: dict[str, str], terminal: OpenTerminal
) -> None:
    shown = terminal("run", "externalname", "--from", "create-service")
    start_and_stop_at_the_service(shown)
    shown.answer("q", "Esc stay")
    shown.press("k")
    assert shown.wait_for_exit() == 0
    assert "egress-tutorial resume" in shown.seen()
    (run,) = status(machine)
    assert (run["state"], run["step"]) == ("kept", "create-service")
    assert "service/my-httpbin@default" in machine.objects()

    again = terminal("resume")
    again.wait_for_pause()
    assert "my-httpbin created" not in again.seen()
    assert "Look at the service" in again.seen() or "Create an ExternalName service" in again.seen()
    again.answer("q", "Esc stay")
    again.press("\r")
    assert again.wait_for_exit() == 0
    machine.wait_for_objects(sandbox)
    assert status(machine) == []


def test_a_run_with_a_sandbox_of_its_own_is_kept_and_resumed(
    machine: Machine, terminal: OpenTerminal
) -> None:
    shown = terminal("run", "externalname", "--from", "create-service")
    start_and_stop_at_the_service(shown)
    shown.answer("q", "Esc stay")
    shown.press("k")
    assert shown.wait_for_exit() == 0
    done = machine.run("resume", "--auto")
    assert done.returncode == 0, done.stdout + done.stderr
    machine.assert_nothing_left()


def test_resume_makes_everything_again_where_the_sandbox_is_gone(machine: Machine) -> None:
    assert machine.run("run", "externalname", "--auto", "--until", "create-service", "--keep").returncode == 0
    (run,) = status(machine)
    (up,) = json.loads(machine.run("sandbox", "status", "-o", "json").stdout)
    subprocess.run(["kill", "-9", str(up["pid"])], check=True)
    machine.assert_nothing_left_running()
    done = machine.run("resume", str(run["run_id"]), "--auto")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All checks passed" in done.stdout
    assert status(machine) == []
    machine.assert_nothing_left()


def test_resume_makes_again_what_somebody_deleted(machine: Machine, sandbox: dict[str, str]) -> None:
    assert machine.run("run", "externalname", "--auto", "--until", "create-service", "--keep").returncode == 0
    machine.kubectl("delete", "service", "my-httpbin")
    machine.kubectl("delete", "pods", "--all")
    done = machine.run("resume", "--auto")
    assert done.returncode == 0, done.stdout + done.stderr
    machine.wait_for_objects(sandbox)


def test_keep_on_failure_keeps_only_then(machine: Machine, sandbox: dict[str, str]) -> None:
    done = machine.run("run", "externalname", "--auto", "--until", "create-service", "--keep=failure")
    assert done.returncode == 0
    machine.wait_for_objects(sandbox)
    assert status(machine) == []


def test_a_second_run_is_refused_while_the_first_has_the_objects(
    machine: Machine, sandbox: dict[str, str], terminal: OpenTerminal
) -> None:
    shown = terminal("run", "externalname", "--from", "create-service")
    start_and_stop_at_the_service(shown)
    before = machine.objects()
    assert [run["state"] for run in status(machine)] == ["running"]
    second = machine.run("run", "externalname", "--auto")
    assert second.returncode == 4, second.stdout + second.stderr
    assert f"Your run {status(machine)[0]['run_id']} makes the same objects, and is alive" in second.stderr
    assert machine.objects() == before
    assert [run["state"] for run in status(machine)] == ["running"]


def test_a_run_that_is_alive_is_neither_rolled_back_nor_resumed(
    machine: Machine, sandbox: dict[str, str], terminal: OpenTerminal
) -> None:
    shown = terminal("run", "externalname", "--from", "create-service")
    start_and_stop_at_the_service(shown)
    before = machine.objects()
    run_id = str(status(machine)[0]["run_id"])
    assert "There is no run to undo" in machine.run("rollback").stderr
    for command in ("rollback", "resume"):
        done = machine.run(command, run_id, *(["--auto"] if command == "resume" else []))
        assert done.returncode in (2, 4), done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    forget = machine.run("rollback", "--forget", run_id, "--yes")
    assert (forget.returncode, "is in use" in forget.stderr) == (4, True)
    down = machine.run("sandbox", "down")
    assert down.returncode == 2, down.stdout + down.stderr
    assert "A run is alive in it." in down.stderr
    assert machine.objects() == before
    shown.child.kill(signal.SIGTERM)
    assert shown.wait_for_exit() == 143
    machine.wait_for_objects(sandbox)
    assert machine.run("sandbox", "down").returncode == 0


def test_nothing_to_come_back_to_says_so(machine: Machine) -> None:
    assert "No run is alive" in machine.run("status").stdout
    assert machine.run("resume", "--auto").returncode == 2
    assert machine.run("rollback", "no-such-run").returncode == 2
    assert machine.run("rollback").returncode == 0


def test_a_run_in_a_sandbox_that_is_up_is_not_forgotten(machine: Machine, sandbox: dict[str, str]) -> None:
    assert machine.run("run", "externalname", "--auto", "--keep", "--until", "create-service").returncode == 0
    run_id = str(status(machine)[0]["run_id"])
    done = machine.run("rollback", "--forget", run_id, "--yes")
    assert (done.returncode, "is in a sandbox that is up" in done.stderr) == (2, True)
    assert machine.run("rollback").returncode == 0
    machine.wait_for_objects(sandbox)


def test_the_sandbox_of_a_run_that_was_kept_before_its_first_step_goes_with_it(
    machine: Machine, terminal: OpenTerminal
) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    shown.answer("q", "Esc stay")
    shown.press("k")
    assert shown.wait_for_exit() == 0
    assert machine.run("rollback").returncode == 0
    machine.assert_nothing_left()


def test_a_server_that_lets_somebody_wait_is_told_of(
    machine: Machine, sandbox: dict[str, str], terminal: OpenTerminal
) -> None:
    shown = terminal("run", "externalname", "--from", "create-service")
    shown.wait_for_pause()
    (up,) = json.loads(machine.run("sandbox", "status", "-o", "json").stdout)
    os.kill(up["pid"], signal.SIGSTOP)
    try:
        shown.press("\r")
        shown.wait_for("The API server has not answered yet.")
    finally:
        os.kill(up["pid"], signal.SIGCONT)
    shown.wait_for_pause("Enter next")
    shown.answer("q", "Esc stay")
    shown.press("\r")
    assert shown.wait_for_exit() == 0
    machine.wait_for_objects(sandbox)
