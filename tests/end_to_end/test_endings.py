"""However a run ends, everything is back: normal end, quit, failed step, signals, a closed terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from end_to_end.folders import write_tutorial
from end_to_end.machine import PROGRAM, Machine, wait_until
from end_to_end.terminal import Terminal

pytestmark = pytest.mark.sandbox

OpenTerminal = Callable[..., Terminal]

ENDS = [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
SLOW_CLEANUP = (
    "title: Make\ncommand: echo made\n"
    "cleanup: {commands: ['echo tidying; sleep $(cat FILE)'], by_hand: Tidy up.}\n"
)


def test_a_whole_run_passes_and_leaves_nothing(machine: Machine) -> None:
    done = machine.run("run", "externalname", "--auto")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All checks passed" in done.stdout
    machine.assert_nothing_left()


def test_a_whole_run_in_a_kept_sandbox_leaves_every_object_as_before(
    machine: Machine, sandbox: dict[str, str]
) -> None:
    assert machine.run("run", "externalname", "--auto").returncode == 0
    machine.wait_for_objects(sandbox)


def test_a_failed_step_ends_an_unattended_run_and_rolls_back(
    machine: Machine, sandbox: dict[str, str]
) -> None:
    folder = write_tutorial(
        machine.folder / "fails",
        "title: Make\ncommand: kubectl create configmap mine\ncreates: [configmap/mine]\n",
        "title: Fail\ncommand: echo this\nexpect: {stdout: {contains: that}}\n",
        "title: Never\ncommand: echo never\n",
        heading="variables: {NAMESPACE: default}\n",
    )
    done = machine.run("run", "--trust", str(folder), "--auto")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Expected: that" in done.stdout
    assert "never" not in done.stdout
    assert "deleted configmap/mine" in done.stdout
    machine.wait_for_objects(sandbox)


@pytest.mark.parametrize(("number", "code"), ENDS, ids=["TERM", "HUP", "INT"])
def test_a_signal_in_an_unattended_run_rolls_back(
    machine: Machine, sandbox: dict[str, str], number: int, code: int
) -> None:
    with machine.start("run", "externalname", "--auto") as process:
        machine.wait_for_object("service/my-httpbin@default")
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == code, output
    assert "Traceback" not in output
    machine.wait_for_objects(sandbox)


@pytest.mark.parametrize(("number", "code"), ENDS[:2], ids=["TERM", "HUP"])
def test_a_signal_at_a_pause_rolls_back(
    machine: Machine, sandbox: dict[str, str], terminal: OpenTerminal, number: int, code: int
) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    shown.answer("\r", "Enter next")
    os.kill(shown.pid, number)
    assert shown.wait_for_exit() == code
    machine.wait_for_objects(sandbox)


@pytest.mark.parametrize(("number", "code"), ENDS[:2], ids=["TERM", "HUP"])
def test_a_signal_while_a_command_runs_ends_it(
    machine: Machine, terminal: OpenTerminal, number: int, code: int
) -> None:
    folder = write_tutorial(machine.folder / "slow", "title: Slow\ncommand: echo begun; sleep 60\n")
    shown = terminal("run", "--trust", str(folder))
    shown.wait_for_pause()
    shown.press("\r")
    shown.wait_for("begun\n")
    os.kill(shown.pid, number)
    assert shown.wait_for_exit(20) == code
    machine.assert_nothing_left()


@pytest.mark.parametrize("running", [False, True], ids=["at a pause", "at a command"])
def test_a_closed_terminal_rolls_back(
    machine: Machine, sandbox: dict[str, str], terminal: OpenTerminal, running: bool
) -> None:
    shown = terminal("run", "externalname", "--from", "create-service")
    shown.wait_for_pause()
    if running:
        shown.press("c")
        shown.wait_for("my-httpbin created")
    assert shown.hang_up() == 129
    machine.wait_for_objects(sandbox)


def test_quitting_rolls_back_what_was_made(
    machine: Machine, sandbox: dict[str, str], terminal: OpenTerminal
) -> None:
    shown = terminal("run", "externalname", "--from", "create-service")
    shown.wait_for_pause()
    shown.answer("\r", "Enter next")
    shown.answer("q", "Esc stay")
    shown.press("\r")
    assert shown.wait_for_exit() == 0
    assert "everything is back as it was" in shown.seen()
    machine.wait_for_objects(sandbox)


def test_a_second_control_c_stops_the_rollback_and_says_what_is_left(machine: Machine) -> None:
    slow = "title: Slow\ncommand: echo begun; sleep 60\n"
    seconds = machine.folder / "seconds"
    seconds.write_text("60")
    folder = write_tutorial(machine.folder / "slow", SLOW_CLEANUP.replace("FILE", str(seconds)), slow)
    with machine.start("run", "--trust", str(folder), "--auto") as process:
        read = _read_until(process, "begun\n")
        process.send_signal(signal.SIGINT)
        read += _read_until(process, "tidying\n")
        process.send_signal(signal.SIGINT)
        read += process.communicate(timeout=30)[0]
    assert process.returncode == 5, read
    assert "egress-tutorial rollback" in read
    assert "Still there" in read
    assert "egress-tutorial rollback" in machine.run("status").stdout
    seconds.write_text("0")
    assert machine.run("rollback").returncode == 0


@pytest.mark.parametrize("presses", [1, 2], ids=["once", "twice"])
def test_control_c_stops_an_interactive_rollback_and_says_what_is_left(
    machine: Machine, terminal: OpenTerminal, presses: int
) -> None:
    shown, seconds = _rolling_back(machine, terminal)
    shown.press("\x03" * presses)
    assert shown.wait_for_exit(20) == 5
    assert "The rollback was stopped" in shown.seen()
    assert "Still there" in shown.seen()
    assert "Traceback" not in shown.seen()
    seconds.write_text("0")
    assert machine.run("rollback").returncode == 0
    assert "No run" in machine.run("status").stdout


def test_a_termination_during_the_rollback_lets_it_finish(machine: Machine, terminal: OpenTerminal) -> None:
    shown, _ = _rolling_back(machine, terminal, "1")
    os.kill(shown.pid, signal.SIGTERM)
    assert shown.wait_for_exit(20) == 143
    assert "everything is back as it was" in shown.seen()
    assert "No run" in machine.run("status").stdout


def test_a_terminal_that_is_closed_during_the_rollback_lets_it_finish(
    machine: Machine, terminal: OpenTerminal
) -> None:
    shown, _ = _rolling_back(machine, terminal, "1")
    assert shown.hang_up() == 129
    assert "No run" in machine.run("status").stdout


def test_signals_during_the_command_rollback(machine: Machine) -> None:
    """SIGTERM lets the run that it is at finish, and begins no other; Ctrl-C stops it."""
    seconds = machine.folder / "seconds"
    seconds.write_text("60")
    folder = write_tutorial(machine.folder / "slow", SLOW_CLEANUP.replace("FILE", str(seconds)))
    for _ in range(2):
        assert machine.run("run", "--trust", str(folder), "--auto", "--keep").returncode == 0
    with machine.start("rollback") as process:
        _read_until(process, "tidying\n")
        process.send_signal(signal.SIGINT)
        read = process.communicate(timeout=30)[0]
    assert process.returncode == 5, read
    assert "Still there" in read
    seconds.write_text("1")
    with machine.start("rollback") as process:
        _read_until(process, "tidying\n")
        process.send_signal(signal.SIGTERM)
        read = process.communicate(timeout=30)[0]
    assert process.returncode == 143, read
    assert "tidying" not in read
    assert machine.run("status").stdout.count("egress-tutorial rollback slow-") == 1
    assert machine.run("rollback").returncode == 0


def _rolling_back(machine: Machine, terminal: OpenTerminal, length: str = "60") -> tuple[Terminal, Path]:
    """A run that was quit, in the middle of its rollback, and the file that says how long it takes."""
    seconds = machine.folder / "seconds"
    seconds.write_text(length)
    folder = write_tutorial(machine.folder / "slow", SLOW_CLEANUP.replace("FILE", str(seconds)))
    shown = terminal("run", "--trust", str(folder))
    shown.wait_for_pause()
    shown.answer("\r", "Enter next")
    shown.answer("q", "Esc stay")
    shown.press("\r")
    shown.wait_for("\ntidying\n")
    return shown, seconds


@pytest.mark.parametrize(
    "arguments", [("sandbox", "up"), ("run", "externalname", "--auto")], ids=["up", "run"]
)
def test_a_termination_while_a_sandbox_starts_leaves_nothing(
    machine: Machine, arguments: tuple[str, ...]
) -> None:
    with machine.start(*arguments) as process:
        assert wait_until(lambda: any(machine.sandboxes.glob("*/supervisor.log")), 30)
        process.send_signal(signal.SIGTERM)
        read = process.communicate(timeout=60)[0]
    assert process.returncode == 143, read
    assert "Traceback" not in read
    machine.assert_nothing_left()
    assert "No run" in machine.run("status").stdout


def test_control_c_while_the_sandbox_of_a_run_by_keys_starts_ends_it(
    machine: Machine, terminal: OpenTerminal
) -> None:
    shown = terminal("run", "externalname")
    assert wait_until(lambda: any(machine.sandboxes.glob("*/supervisor.log")), 30)
    shown.press("\x03")
    code = shown.wait_for_exit()
    assert code == 130, shown.seen()
    assert "Enter run" not in shown.seen()


def _read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if words in read:
            return read
    raise AssertionError(f"{words!r} did not come: {read}")


def test_a_reader_that_goes_away_does_not_stop_the_rollback(
    machine: Machine, sandbox: dict[str, str]
) -> None:
    subprocess.run(
        ["bash", "-c", f"{PROGRAM} run externalname --auto | head -n 3"],
        env=machine.environment,
        cwd=machine.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=True,
    )
    machine.wait_for_objects(sandbox)
    assert "No run" in machine.run("status").stdout


def test_a_command_in_the_background_ends_with_the_run(machine: Machine) -> None:
    folder = write_tutorial(
        machine.folder / "daemon", "title: Serve\ncommand: sleep 300 & setsid sleep 300 &\n"
    )
    assert machine.run("run", "--trust", str(folder), "--auto").returncode == 0
    machine.assert_nothing_left()


def test_a_sandbox_of_the_runs_own_dies_with_a_killed_run(machine: Machine) -> None:
    with machine.start("run", "externalname", "--auto") as process:
        _read_until(process, "step 3 of")
        process.kill()
        process.communicate(timeout=60)
    machine.assert_nothing_left_running()
    assert "interrupted" in machine.run("status").stdout
    assert machine.run("rollback").returncode == 0
    assert "No run" in machine.run("status").stdout
    machine.assert_nothing_left()


def test_terminal_settings_are_as_before_after_every_way_of_ending(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname")
    before = termios.tcgetattr(shown.child.child_fd)
    shown.wait_for_pause()
    assert wait_until(lambda: termios.tcgetattr(shown.child.child_fd) != before)
    os.kill(shown.pid, signal.SIGTERM)
    assert shown.wait_for_exit() == 143
    assert termios.tcgetattr(shown.child.child_fd) == before
