"""What a person can do after a step failed, in a real terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from end_to_end.folders import write_tutorial
from end_to_end.machine import Machine
from end_to_end.terminal import Terminal

pytestmark = pytest.mark.sandbox

OpenTerminal = Callable[..., Terminal]

ENTER, CONTROL_D = "\r", "\x04"
FAILING = """
title: Count
command: cat "$HOME/../state/count"
repeatable: true
expect:
  stdout: {contains: hello world}
hints:
- {pattern: No such file, cause: Nobody has written the file., fix: Write it.}
"""


@pytest.fixture
def count(machine: Machine) -> Path:
    """The file that the step reads; it is not there yet."""
    return machine.state / "count"


@pytest.fixture
def failed(machine: Machine, terminal: OpenTerminal, count: Path) -> Terminal:
    """A run that stands after its first step failed."""
    editor = machine.folder / "editor"
    editor.write_text('#!/bin/sh\necho "echo hello world" > "$1"\n')
    editor.chmod(0o700)
    folder = write_tutorial(machine.folder / "own", FAILING, "title: Next\ncommand: echo on\n")
    shown = terminal("run", "--trust", str(folder), EDITOR=str(editor))
    shown.wait_for_pause("Enter run")
    shown.answer(ENTER, "Enter again")
    assert "✗ failed" in shown.screen()
    assert "likely cause: Nobody has written the file." in shown.screen()
    assert "what to do: Write it." in shown.screen()
    return shown


def quit_and_roll_back(shown: Terminal) -> int:
    shown.answer("q", "Esc stay")
    shown.press(ENTER)
    return shown.wait_for_exit()


def test_enter_tries_again(failed: Terminal, count: Path) -> None:
    count.write_text("hello wurld\n")
    failed.answer(ENTER, "Enter again")
    assert 'expected "world", found "wurld"' in failed.screen()
    count.write_text("hello world\n")
    failed.answer(ENTER, "Enter next")
    assert "✓ passed" in failed.screen()
    assert quit_and_roll_back(failed) == 0


def test_an_edited_command_can_pass(failed: Terminal) -> None:
    failed.answer("e", "Enter next")
    assert "$ echo hello world" in failed.screen()
    assert quit_and_roll_back(failed) == 0


def test_a_failed_step_can_be_skipped_and_stays_failed(failed: Terminal) -> None:
    failed.answer("k", "Enter run")
    assert "step 2 of 2" in failed.screen()
    assert quit_and_roll_back(failed) == 1


def test_the_cause_can_be_mended_in_a_shell(failed: Terminal, count: Path) -> None:
    failed.press("s")
    failed.wait_for("Ctrl-D returns to step 1.")
    failed.wait_for("egress-tutorial:")
    failed.press(f"echo hello world > {count}\r")
    failed.wait_until_quiet()
    failed.answer(CONTROL_D, "Enter again")
    failed.answer(ENTER, "Enter next")
    assert quit_and_roll_back(failed) == 0


def test_quitting_rolls_back_and_says_that_a_step_failed(failed: Terminal) -> None:
    assert quit_and_roll_back(failed) == 1
