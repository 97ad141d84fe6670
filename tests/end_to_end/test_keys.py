"""Every key at a pause, in a real terminal, against a real sandbox."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from end_to_end.folders import write_tutorial
from end_to_end.machine import Machine
from end_to_end.terminal import COLUMNS, Terminal

pytestmark = pytest.mark.sandbox

OpenTerminal = Callable[..., Terminal]

ENTER, ESCAPE, CONTROL_C, CONTROL_D = "\r", "\x1b", "\x03", "\x04"
PAGE_UP, PAGE_DOWN, DOWN, F5 = "\x1b[5~", "\x1b[6~", "\x1b[B", "\x1b[15~"
QUIT_FOOTER = "Esc stay"


def quit_and_roll_back(shown: Terminal) -> int:
    shown.answer("q", QUIT_FOOTER)
    shown.press(ENTER)
    return shown.wait_for_exit()


@pytest.mark.parametrize("key", [ENTER, " ", PAGE_DOWN], ids=["Enter", "Space", "PgDn"])
def test_forward_keys_run_and_go_on(terminal: OpenTerminal, key: str) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause("Enter run")
    assert "[sandbox]  step 1 of " in shown.screen()
    shown.answer(key, "Enter next")
    assert "✓ passed" in shown.screen()
    shown.answer(key, "Enter run")
    assert "step 2 of " in shown.screen()
    assert quit_and_roll_back(shown) == 0


@pytest.mark.parametrize("key", [PAGE_UP, "b"], ids=["PgUp", "b"])
def test_looking_back_shows_the_step_with_its_output_and_changes_nothing(
    terminal: OpenTerminal, sandbox: dict[str, str], machine: Machine, key: str
) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    shown.answer(ENTER, "Enter next")
    shown.answer(ENTER, "Enter run")
    before = machine.objects()
    shown.answer(key, "Enter next")
    assert shown.seen().count("deployment.apps/sleep created") == 2
    assert machine.objects() == before
    assert quit_and_roll_back(shown) == 0
    machine.wait_for_objects(sandbox)


def test_undo_after_a_step_removes_what_it_made(
    terminal: OpenTerminal, sandbox: dict[str, str], machine: Machine
) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    shown.answer("u")
    assert "There is no step to undo." in shown.screen()
    shown.answer(ENTER, "Enter next")
    shown.answer("u", "Enter run")
    assert "deleted deployment/sleep@default" in shown.seen()
    machine.wait_for_objects(sandbox)
    assert quit_and_roll_back(shown) == 0


def test_undo_of_a_deletion_makes_the_object_again(
    terminal: OpenTerminal, sandbox: dict[str, str], machine: Machine
) -> None:
    shown = terminal("run", "externalname", "--from", "delete-service")
    shown.wait_for_pause("Enter run")
    shown.answer(ENTER, "Enter clean up")
    assert "service/my-httpbin@default" not in machine.objects()
    shown.answer(PAGE_UP, "Enter next")
    shown.answer("u", "Enter run")
    assert "service/my-httpbin@default" in machine.objects()
    assert quit_and_roll_back(shown) == 0
    machine.wait_for_objects(sandbox)


def test_again_undoes_first_what_cannot_be_repeated(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    shown.answer(ENTER, "Enter next")
    shown.answer("a", "Enter next")
    assert "deleted deployment/sleep@default" in shown.seen()
    assert shown.seen().count("✓ passed") == 2
    assert quit_and_roll_back(shown) == 0


def test_again_repeats_what_can_be_repeated_at_once(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname", "--from", "observe-service")
    shown.wait_for_pause()
    shown.answer(ENTER, "Enter next")
    shown.answer("a", "Enter next")
    assert "deleted" not in shown.seen()
    assert shown.seen().count("✓ passed") == 2
    assert quit_and_roll_back(shown) == 0


def test_skip_names_the_steps_that_need_this_one_and_skips_them(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname", "--from", "create-service")
    shown.wait_for_pause()
    shown.answer("k", "Esc stay")
    assert "These steps need this one" in shown.screen()
    assert "Look at the service" in shown.screen()
    shown.answer(ESCAPE)
    assert "step 7 of " in shown.seen()
    shown.answer("k", "Esc stay")
    shown.answer("k")
    assert "Look at the service" in shown.seen().split("skipped")[2]
    assert quit_and_roll_back(shown) == 0


def test_edit_runs_what_the_editor_left(terminal: OpenTerminal, machine: Machine) -> None:
    editor = machine.folder / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/externalName: httpbin.org/externalName: example.org/" "$1"\n')
    editor.chmod(0o755)
    shown = terminal("run", "externalname", "--from", "create-service", EDITOR=str(editor))
    shown.wait_for_pause()
    shown.answer("e", "Enter next")
    assert "externalName: example.org" in shown.seen()
    shown.answer(ENTER, "Enter run")
    shown.answer(ENTER, "Enter again")
    assert "✗ failed" in shown.seen()
    expected, actual = shown.seen().split("expected:")[1].split("actual:")
    assert "httpbin.org" in expected
    assert "example.org" in actual
    assert quit_and_roll_back(shown) == 1


def test_hint_and_why_show_text_for_people(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname", "--from", "verify-no-sidecar")
    shown.wait_for_pause()
    shown.answer("h")
    assert "The document shows" in shown.screen()
    assert "\\b" not in shown.seen()
    shown.answer("q", QUIT_FOOTER)
    shown.press(ENTER)
    assert shown.wait_for_exit() == 0


def test_why(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    shown.answer("w")
    assert "Injection happens once" in shown.screen()
    assert quit_and_roll_back(shown) == 0


def test_the_list_shows_titles_of_sections_and_jumps(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    shown.press("l")
    shown.wait_for("Jump to which step?")
    shown.wait_for("Look at the service")
    assert "Before you begin" in shown.screen().split("Jump to which step?")[1]
    for letter in "Look at the":
        shown.press(letter)
    shown.wait_until_quiet(0.2)
    shown.answer(ENTER, "Enter run")
    assert "step 8 of " in shown.screen()
    shown.answer(ENTER, "Enter next")
    assert "✓ passed" in shown.screen()
    assert quit_and_roll_back(shown) == 0


@pytest.mark.parametrize("key", [ESCAPE, CONTROL_C], ids=["Esc", "Ctrl-C"])
def test_the_list_can_be_left(terminal: OpenTerminal, key: str) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    shown.press("l")
    shown.wait_for("Look at the service")
    shown.answer(key, "Enter run")
    assert "There is no step" not in shown.seen()
    assert quit_and_roll_back(shown) == 0


def test_objects_are_shown_as_they_are(
    terminal: OpenTerminal, sandbox: dict[str, str], machine: Machine
) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    shown.answer("o")
    assert "made no object" in shown.screen()
    shown.answer(ENTER, "Enter next")
    machine.kubectl("delete", "service", "sleep")
    shown.answer("o")
    objects = shown.screen().split("The objects now")[-1]
    assert "deployment/sleep@default" in objects
    assert "service/sleep@default  gone" in objects
    assert quit_and_roll_back(shown) == 0
    machine.wait_for_objects(sandbox)


def test_a_shell_has_the_runs_environment_and_what_it_made_is_listed(
    terminal: OpenTerminal, sandbox: dict[str, str], machine: Machine
) -> None:
    shown = terminal("run", "externalname", "--from", "create-namespace")
    shown.wait_for_pause()
    shown.press("s")
    shown.wait_for("Ctrl-D returns to step 3.")
    shown.wait_for("work")
    shown.press('kubectl create configmap mine && echo "namespace: $PLAIN_NAMESPACE"\r')
    shown.wait_for("namespace: without-istio")
    shown.wait_until_quiet(0.2)
    shown.answer(CONTROL_D)
    assert quit_and_roll_back(shown) == 0
    assert "kubectl delete configmap mine" in " ".join(shown.seen().split())
    assert set(machine.objects()) - set(sandbox) == {"configmap/mine@default"}


def test_the_rest_of_the_section_goes_in_one_go_and_the_cleanup_waits(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    shown.answer("c", "Enter run")
    assert shown.seen().count("✓ passed") == 6
    assert "step 7 of " in shown.screen()
    shown.answer("c", "Enter clean up")
    assert shown.seen().count("✓ passed") == 13
    assert "Everything is still here" in shown.screen()
    shown.answer(ENTER, "Enter run")
    shown.press("c")
    assert shown.wait_for_exit() == 0
    assert "17 passed in" in shown.seen()


def test_the_keys_are_explained_and_the_first_screen_fits(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    assert shown.screen().startswith("Kubernetes ExternalName service")
    assert len(shown.last_line()) < COLUMNS
    shown.answer("?")
    for key in ("Enter", "k ", "e ", "h ", "w ", "l ", "s ", "o ", "u ", "c ", "PgUp", "q ", "Ctrl-C"):
        assert f"\n  {key}" in shown.screen()
    assert quit_and_roll_back(shown) == 0


def test_control_c_and_control_d_ask_before_they_quit(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    shown.answer(CONTROL_C, QUIT_FOOTER)
    shown.answer(ESCAPE)
    shown.answer(CONTROL_D, QUIT_FOOTER)
    shown.answer("b")
    shown.answer(CONTROL_C, QUIT_FOOTER)
    shown.press(CONTROL_C)
    assert shown.wait_for_exit() == 0


def test_control_c_stops_the_command_and_returns_to_the_pause(
    terminal: OpenTerminal, machine: Machine
) -> None:
    folder = write_tutorial(machine.folder / "slow", "title: Slow\ncommand: echo begun; sleep 60\n")
    shown = terminal("run", "--trust", str(folder))
    shown.wait_for_pause()
    shown.press(ENTER)
    shown.wait_for("begun\n")
    shown.answer(CONTROL_C, "Enter again", seconds=10)
    assert "stopped" in shown.seen()
    assert quit_and_roll_back(shown) == 0


def test_other_keys_of_clickers_and_pasted_text_are_ignored(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname")
    shown.wait_for_pause()
    before = shown.seen()
    for keys in (".", F5, ESCAPE, DOWN, "x", "\t", "\x1b[21~", "ü", "kubectl delete all\r"):
        shown.press(keys)
        shown.wait_until_quiet(0.2)
    assert shown.seen() == before
    assert quit_and_roll_back(shown) == 0


def test_what_was_typed_ahead_is_thrown_away(terminal: OpenTerminal, machine: Machine) -> None:
    folder = write_tutorial(
        machine.folder / "two",
        "title: First\ncommand: echo begun; sleep 0.7\n",
        "title: Second\ncommand: echo no\n",
    )
    shown = terminal("run", "--trust", str(folder))
    shown.wait_for_pause()
    shown.press(ENTER)
    shown.wait_for("begun\n")
    shown.press(ENTER + " " + ENTER + "q")
    shown.wait_for_pause("Enter next")
    shown.wait_until_quiet()
    assert "Enter next" in shown.last_line()
    assert "Second" not in shown.seen()
    assert quit_and_roll_back(shown) == 0


@pytest.mark.parametrize(
    ("command", "interval"), [("echo not yet", 5), ("sleep 1; echo not yet", 0.1)], ids=["between", "during"]
)
def test_any_key_stops_waiting(
    terminal: OpenTerminal, machine: Machine, command: str, interval: float
) -> None:
    folder = write_tutorial(
        machine.folder / "waits",
        f"title: Wait\ncommand: echo begun\nuntil:\n  command: {command}\n  timeout: 60\n"
        f"  interval: {interval}\n"
        "  expect: {stdout: {contains: never}}\n",
    )
    shown = terminal("run", "--trust", str(folder))
    shown.wait_for_pause()
    shown.press(ENTER)
    shown.wait_for("any key stops")
    shown.answer("x", "Enter again", seconds=10)
    assert "stopped by a key" in shown.seen()
    assert quit_and_roll_back(shown) == 1


def test_the_output_of_what_was_waited_for_is_shown(terminal: OpenTerminal) -> None:
    shown = terminal("run", "externalname", "--from", "source-pod")
    shown.wait_for_pause()
    shown.answer(ENTER, "Enter next")
    assert "2/2     Running" in shown.screen()


def test_plain_mode_takes_typed_answers(terminal: OpenTerminal, machine: Machine) -> None:
    shown = terminal("run", "externalname", "--plain")
    shown.wait_for("quit")
    shown.press("why\r")
    shown.wait_for("Injection happens once")
    shown.press("\r")
    shown.wait_for("Enter: next")
    assert b"\x1b[" not in shown.raw
    shown.press("q\r")
    shown.wait_for("roll back")
    shown.press("\r")
    assert shown.wait_for_exit() == 0
