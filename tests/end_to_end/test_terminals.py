"""Terminals that are tiny, resized, dumb, without colours or without Unicode: a run by keys stays usable."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from end_to_end.folders import write_tutorial
from end_to_end.machine import Machine
from end_to_end.terminal import Terminal

pytestmark = pytest.mark.sandbox

OpenTerminal = Callable[..., Terminal]

ENTER, ESCAPE = "\r", "\x1b"
WORD = "Donaudampfschifffahrtsgesellschaft" * 4
STEPS = (
    f"title: Say a long word\nexplain: Words that are longer than a line are cut, not lost.\n"
    f"command: echo '{WORD} é ✓ 統'\nwhy: Because of the terminal.\n",
    "title: Wait for a file\ncommand: 'true'\nuntil:\n  command: ls there\n  interval: 0.1\n"
    "  expect: {stdout: {contains: there}}\n",
    "title: Fail\ncommand: echo this\nexpect: {stdout: {contains: that}}\n",
)
SGR_COLOUR = re.compile(rb"\x1b\[[0-9;]*\b(3[0-9]|4[0-9]|9[0-7]|38;5;[0-9]+)m")


@pytest.fixture
def lesson(machine: Machine) -> Path:
    return write_tutorial(machine.folder / "own", *STEPS)


def go_through(shown: Terminal, machine: Machine, help_and_quit: str) -> None:
    """Every kind of pause, question and list, by keys; quit at the end."""
    shown.wait_for_pause(help_and_quit)
    for key in "?wo":
        shown.answer(key, help_and_quit)
    shown.press("l")
    shown.wait_for("Jump to")
    shown.wait_until_quiet(0.2)
    shown.answer(ESCAPE, help_and_quit)
    shown.answer(ENTER, help_and_quit)
    shown.answer(ENTER, help_and_quit)
    shown.press(ENTER)
    shown.wait_for("waiting")
    (machine.runs.glob("*/work").__next__() / "there").touch()
    shown.wait_for_pause(help_and_quit)
    shown.answer(ENTER, help_and_quit)
    shown.answer(ENTER, help_and_quit)
    shown.wait_for("failed")
    shown.answer("q", "Esc stay")
    assert "roll back" in shown.seen()
    shown.press(ENTER)
    assert shown.wait_for_exit() == 1
    assert "Traceback" not in shown.seen()


def test_a_tiny_terminal(terminal: OpenTerminal, machine: Machine, lesson: Path) -> None:
    shown = terminal("run", "--trust", str(lesson), size=(20, 5), LC_ALL="C")
    go_through(shown, machine, "? keys")
    seen = "".join(shown.seen().split())
    assert "Sayalongword" in seen
    assert "2passed,1failed" in seen


def test_a_small_terminal_without_colours(terminal: OpenTerminal, machine: Machine, lesson: Path) -> None:
    shown = terminal("run", "--trust", str(lesson), size=(40, 10), NO_COLOR="1")
    go_through(shown, machine, "q quit")
    assert not SGR_COLOUR.search(shown.raw)


def test_a_locale_without_unicode(terminal: OpenTerminal, machine: Machine, lesson: Path) -> None:
    editor = machine.folder / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/echo/printf/ "$1"\n')
    editor.chmod(0o700)
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    shown = terminal("run", "--trust", str(lesson), EDITOR=str(editor), **ascii_only)
    shown.wait_for_pause()
    shown.answer("e", "q quit")
    assert "passed" in shown.seen()
    shown.answer("u", "q quit")
    go_through(shown, machine, "q quit")
    assert shown.raw.isascii()


def test_a_terminal_that_is_resized_in_the_middle(
    terminal: OpenTerminal, machine: Machine, lesson: Path
) -> None:
    shown = terminal("run", "--trust", str(lesson))
    shown.wait_for_pause()
    shown.resize(20, 5)
    shown.answer(ENTER, "? keys")
    shown.resize(100, 30)
    shown.press("w")
    shown.wait_for("Because of the terminal.")
    shown.wait_for("o objects   s shell   e edit")
    shown.press("l")
    shown.wait_for("Jump to which step? (arrows or letters, Enter; Esc goes back)")
    shown.resize(30, 8)
    shown.wait_until_quiet(0.2)
    shown.press(ESCAPE)
    shown.wait_for("Enter next   ? keys   q quit")
    shown.press("q")
    shown.wait_for("Enter roll back   k keep")
    shown.press(ENTER)
    assert shown.wait_for_exit() == 0
    assert "Traceback" not in shown.seen()


def test_a_dumb_terminal(terminal: OpenTerminal, machine: Machine, lesson: Path) -> None:
    shown = terminal("run", "--trust", str(lesson), TERM="dumb")
    shown.wait_for("q: quit")
    for answer, comes in (
        ("?", "Ctrl-C: at a command"),
        ("why", "Because of the terminal."),
        ("list", "1. "),
        ("", "Enter: run"),
        ("", "Enter: next"),
        ("q", "Esc: stay"),
        ("esc", "Enter: next"),
        ("", "Wait for a file"),
    ):
        count = shown.seen().count(comes)
        shown.press(f"{answer}{ENTER}")
        shown.wait_for(comes, count=count + 1)
    shown.press(f"quit{ENTER}")
    shown.wait_for("Quit?", count=2)
    shown.press(ENTER)
    assert shown.wait_for_exit() == 0
    assert b"\x1b" not in shown.raw
    assert "Traceback" not in shown.seen()
