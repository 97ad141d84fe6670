"""What cannot work says so: an exit code, one sentence, the way out, and no traceback."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest
from end_to_end.folders import write_tutorial
from end_to_end.machine import PROGRAM, Machine
from end_to_end.terminal import Terminal

pytestmark = pytest.mark.sandbox

OpenTerminal = Callable[..., Terminal]
Done = subprocess.CompletedProcess[str]

FAULTS = {
    "unknown key": ("title: A\ncommand: echo\nexpects: {}\n", ":3:1:"),
    "key twice": ("title: A\ncommand: echo\ntitle: B\n", ":3:1:"),
    "wrong type": ("title: A\ncommand: [echo]\n", ":2:10:"),
    "no command": ("title: A\n", ":1:1:"),
    "bad pattern": ("title: A\ncommand: echo\nexpect: {stdout: {matches: '('}}\n", ":3:"),
    "nothing checks the result": ("title: A\ncommand: export X=$(date)\n", ":2:"),
    "unknown variable": ("title: A\ncommand: echo ${NOWHERE}\n", ":2:"),
    "retry of what is not repeatable": ("title: A\ncommand: echo\nretry: {attempts: 2}\n", ":3:"),
    "made and never undone": ("title: A\ncommand: kubectl create namespace a\n", ":2:"),
    "not YAML": ("title: [A\ncommand: echo\n", ":2:"),
    "tag": ("title: !!python/name:os.system A\ncommand: echo\n", ":1:"),
}


def said(done: Done, code: int, words: str = "") -> str:
    """The message of a command that ended as it should, in the program's one form."""
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.startswith("Error: "), done.stderr
    assert "Next: " in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert words in done.stderr
    return done.stderr


@pytest.mark.parametrize(("text", "place"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_of_a_step_file_is_exit_3_with_its_place(machine: Machine, text: str, place: str) -> None:
    folder = write_tutorial(machine.folder / "faulty", text)
    message = said(machine.run("run", "--trust", str(folder), "--auto"), 3)
    assert f"{folder}/10-step-1.yaml{place}" in message
    linted = machine.run("lint", str(folder))
    assert linted.returncode == 3
    assert f"10-step-1.yaml{place}" in linted.stdout + linted.stderr


def test_a_heredoc_that_is_not_ended_is_a_fault(machine: Machine) -> None:
    folder = write_tutorial(machine.folder / "faulty", "title: A\ncommand: |\n  cat <<EOF\n  text\n")
    done = machine.run("lint", str(folder))
    assert done.returncode == 3
    assert f"{folder}/10-step-1.yaml:3:" in done.stdout + done.stderr
    assert f"{folder}/10-step-1.yaml:3:" in said(machine.run("run", "--trust", str(folder), "--auto"), 3)


def test_without_a_terminal_the_flag_is_named(machine: Machine) -> None:
    said(machine.run("run", "externalname"), 2, "--auto")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "externalnam", "--auto"], "externalname"),
        (["rnu"], "Did you mean run?"),
        (["run", "externalname", "--auto", "--from", "observe-servic"], "observe-service"),
        (["run", "externalname", "--auto", "--set", "NAMESPASE=a"], "NAMESPACE"),
        (["run", "externalname", "--auto", "--set", "NAMESPACE"], "NAME=VALUE"),
        (["show", "externalname", "nowhere"], "nowhere"),
        (["resume", "nothing-here", "--auto"], "nothing-here"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistyped_name_gets_a_suggestion(machine: Machine, arguments: list[str], words: str) -> None:
    said(machine.run(*arguments), 2, words)


def test_a_context_that_is_not_there(machine: Machine) -> None:
    message = said(machine.run("run", "externalname", "--auto", "--context", "nowhere"), 2)
    assert "kubectl config get-contexts" in message


def in_namespaces(machine: Machine, preparation: str, *arguments: str) -> Done:
    """The program in user and mount namespaces of its own, after `preparation` there."""
    script = f'{preparation} && exec "$@"'
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", PROGRAM, *arguments],
        env=machine.environment,
        cwd=machine.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


RUN = ("run", "externalname", "--auto")
NO_NAMESPACES = "echo 0 > /proc/sys/user/max_user_namespaces && echo 0 > /proc/sys/user/max_net_namespaces"


def test_without_curl_the_run_does_not_begin(machine: Machine) -> None:
    done = in_namespaces(machine, "mount --bind /dev/null /usr/bin/curl", *RUN)
    assert "curl" in said(done, 4).splitlines()[0]
    assert "step 1" not in done.stdout
    machine.assert_nothing_left()


def test_without_namespaces(machine: Machine) -> None:
    done = in_namespaces(machine, NO_NAMESPACES, *RUN)
    assert "user.max_user_namespaces" in said(done, 4)
    advice = in_namespaces(machine, NO_NAMESPACES, "doctor")
    assert advice.returncode == 4
    assert "user.max_user_namespaces" in advice.stdout
    machine.assert_nothing_left()


@pytest.mark.parametrize("options", ["ro", "size=4k", "size=64k", "size=200k"])
@pytest.mark.parametrize("arguments", [RUN, ("sandbox", "up")], ids=["run", "up"])
def test_a_state_folder_that_cannot_take_the_state(
    machine: Machine, options: str, arguments: tuple[str, ...]
) -> None:
    done = in_namespaces(machine, f"mount -t tmpfs -o {options} none {machine.state}", *arguments)
    said(done, 4)
    machine.assert_nothing_left()


def test_what_only_looks_needs_no_right_to_write(machine: Machine) -> None:
    """A run that was kept is shown from a state folder that is read-only now; doctor says what is wrong."""
    folder = write_tutorial(machine.folder / "own", "title: Make\ncommand: echo made\n")
    commands = ("status", "sandbox status", "list", "show externalname", "lint", "version")
    done = in_namespaces(
        machine,
        f"mount -t tmpfs none {machine.state} && {PROGRAM} run --trust {folder} --auto --keep >&2 && "
        f"mount -o remount,bind,ro {machine.state} && "
        + " && ".join(f"{PROGRAM} {command} && echo passed" for command in commands),
        "doctor",
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert done.stdout.count("\npassed\n") == len(commands)
    assert "egress-tutorial rollback own-" in done.stdout
    assert "Read-only file system" in done.stdout


GROWS = "x" * 30_000
"""More than what a full tmpfs may still hold: the rest of a page here and there."""

FILLED = {
    "carried state": (f"export LONG={GROWS}; head -c 100M /dev/zero > FOLDER/big", "echo unrecorded"),
    "journal": ("head -c 100M /dev/zero > FOLDER/big", f"echo unrecorded  # {GROWS}"),
}


@pytest.mark.parametrize("makes_room", [True, False], ids=["made room", "still full"])
@pytest.mark.parametrize(("fill", "after"), FILLED.values(), ids=FILLED.keys())
def test_a_disk_that_fills_up_during_the_run(
    machine: Machine, fill: str, after: str, makes_room: bool
) -> None:
    """No new step begins, every cleanup runs, and with room again a rollback finishes it."""
    undo = f"rm -f {machine.state}/big; " * makes_room + "echo tidied"
    folder = write_tutorial(
        machine.folder / "fills",
        f"title: Make\ncommand: touch {machine.folder}/made\n"
        f"cleanup: {{commands: [rm -f {machine.folder}/made], by_hand: Remove it.}}\n",
        f"title: Fill\ncommand: {fill.replace('FOLDER', str(machine.state))}\n"
        f"cleanup: {{commands: ['{undo}'], by_hand: Remove it.}}\nexpect: {{exit_code: any}}\n",
        f"title: Next\ncommand: |\n  {after}\n",
    )
    done = in_namespaces(
        machine,
        f"mount -t tmpfs -o size=2m none {machine.state} && {{ "
        f"{PROGRAM} run --trust {folder} --auto; echo ran: $?; "
        f"test ! -e {machine.folder}/made && echo nothing made; rm -f {machine.state}/big; "
        f"{PROGRAM} rollback; echo rolled back: $?; }}",
        "status",
    )
    assert "\nunrecorded" not in done.stdout
    assert "\ntidied\n" in done.stdout
    assert "No space left" in done.stdout
    assert "Could not go on" in done.stdout
    assert "\nran: 4\nnothing made\n" in done.stdout
    assert "\nrolled back: 0\n" in done.stdout
    assert "No run is alive" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_home_that_is_not_there(machine: Machine) -> None:
    done = machine.run("run", "externalname", "--auto", HOME="/proc/nowhere", XDG_STATE_HOME="")
    said(done, 4, "XDG_STATE_HOME")


def test_a_terminal_that_is_tiny_or_dumb_is_no_error(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname", TERM="dumb", NO_COLOR="1")
    shown.child.setwinsize(3, 12)
    shown.wait_for("quit")
    os.kill(shown.pid, 15)
    assert shown.wait_for_exit() == 143
    assert "Traceback" not in shown.seen()
