"""Keys, menus, editor and signals, by a real person's means: a pseudo-terminal of 80x24."""

from __future__ import annotations

import os
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from end_to_end.terminal import Terminal

HERE = Path(__file__).parent
FOOTER = "Enter run"

Open = Callable[..., Terminal]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Open]:
    """Opens the pause program: `program("BEFORE")`."""
    opened: list[Terminal] = []

    def open_program(*arguments: str, **environment: str) -> Terminal:
        command = [sys.executable, str(HERE / "pause_program.py"), *arguments]
        search = os.pathsep.join([str(HERE.parents[1]), str(HERE.parent)])
        variables = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": search,
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "HOME": str(tmp_path),
        }
        opened.append(Terminal(command, {**variables, **environment}))
        return opened[-1]

    yield open_program
    for terminal in opened:
        terminal.close()


@pytest.mark.parametrize("key", ["\r", "\n", " ", "\x1b[6~"])
def test_enter_space_and_page_down_run(program: Open, key: str) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    terminal.press(key)
    terminal.wait_for("DECISION 1: RUN")


@pytest.mark.parametrize(
    ("kind", "key", "action"),
    [
        ("BEFORE", "c", "REST"),
        ("BEFORE", "s", "SHELL"),
        ("BEFORE", "\x1b[5~", "BACK"),
        ("AFTER", "u", "UNDO"),
        ("AFTER", "a", "AGAIN"),
        ("AFTER", "\r", "RUN"),
        ("FAILED", "\r", "AGAIN"),
        ("INTERRUPTED", "\r", "AGAIN"),
        ("CLEANUP", "\r", "RUN"),
    ],
)
def test_a_key_decides(program: Open, kind: str, key: str, action: str) -> None:
    terminal = program(kind)
    terminal.wait_for("q quit")
    terminal.press(key)
    terminal.wait_for(f"DECISION 1: {action}")


def test_an_enter_that_comes_together_with_a_key_belongs_to_it(program: Open) -> None:
    terminal = program("AFTER")
    terminal.wait_for("q quit")
    terminal.press("u\r")
    terminal.wait_for("DECISION 1: UNDO")


def test_other_keys_of_clickers_and_pasted_text_are_ignored(program: Open) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    for keys in (".", "\x1b[15~", "\x1b", "\x1b[A", "x", "kubectl get pods\r"):
        terminal.press(keys)
        terminal.wait_until_quiet(0.2)
    assert "DECISION" not in terminal.seen()
    terminal.press("\r")
    terminal.wait_for("DECISION 1: RUN")


def test_keys_pressed_during_a_step_answer_nothing(program: Open) -> None:
    terminal = program("BEFORE", "--busy", "1")
    terminal.wait_for(FOOTER)
    terminal.press("\r")
    terminal.wait_for("DECISION 1")
    terminal.press("\r")
    terminal.press("\r")
    terminal.wait_for("Title of second")
    terminal.wait_until_quiet()
    assert "DECISION 2" not in terminal.seen()
    terminal.press("\r")
    terminal.wait_for("DECISION 2: RUN")


def test_the_first_screen_fits_and_the_footer_goes_when_a_key_was_pressed(program: Open) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    footer = next(line for line in terminal.screen().splitlines() if FOOTER in line)
    assert len(footer) < 80
    assert "k skip" in footer
    assert "? keys" in footer
    terminal.press("c")
    terminal.wait_for("DECISION 1")
    assert footer not in terminal.seen().split("DECISION 1")[0]


@pytest.mark.parametrize(
    ("key", "shown"),
    [("w", "Because of default."), ("h", "Nobody listens."), ("o", "service/my-httpbin"), ("?", "PgUp")],
)
def test_what_is_only_shown_comes_back_to_the_pause(program: Open, key: str, shown: str) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    terminal.press(key)
    terminal.wait_for(shown)
    terminal.wait_for(FOOTER)
    assert "DECISION" not in terminal.seen()


def test_skip_names_the_steps_that_need_this_one(program: Open) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    terminal.press("k")
    terminal.wait_for_pause("k skip it")
    terminal.wait_for("These steps need this one")
    terminal.press("\x1b")
    terminal.wait_for_pause(FOOTER)
    terminal.press("k")
    terminal.wait_for_pause("k skip it")
    terminal.press("k")
    terminal.wait_for("DECISION 1: SKIP")


def test_quit_asks_first(program: Open) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    terminal.press("q")
    terminal.wait_for("roll back")
    terminal.press("\x1b")
    terminal.wait_for(FOOTER)
    terminal.press("q")
    terminal.wait_for("k keep")
    terminal.press("k")
    terminal.wait_for("DECISION 1: KEEP")


def test_control_c_asks_and_a_second_one_quits(program: Open) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    terminal.press("\x03")
    terminal.wait_for("roll back")
    terminal.press("\x03")
    terminal.wait_for("DECISION 1: QUIT")


def test_control_d_asks_to_quit(program: Open) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    terminal.press("\x04")
    terminal.wait_for("roll back")
    terminal.press("\r")
    terminal.wait_for("DECISION 1: QUIT")


def test_a_termination_signal_quits_without_asking(program: Open) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.wait_for("DECISION 1: QUIT")


def test_the_list_jumps(program: Open) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    terminal.press("l")
    terminal.wait_for("Jump to which step?")
    terminal.wait_until_quiet()
    terminal.press("\x1b[B")
    terminal.press("\r")
    terminal.wait_for("DECISION 1: JUMP second")


def test_the_list_can_be_left_and_signals_still_work(program: Open) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    terminal.press("l")
    terminal.wait_for("Jump to which step?")
    terminal.wait_until_quiet()
    terminal.press("\x03")
    terminal.wait_for(FOOTER, seconds=10)
    terminal.press("\x03")
    terminal.wait_for("roll back")
    terminal.press("\r")
    terminal.wait_for("DECISION 1: QUIT")


def test_a_termination_signal_closes_the_list(program: Open) -> None:
    terminal = program("BEFORE")
    terminal.wait_for(FOOTER)
    terminal.press("l")
    terminal.wait_for("Jump to which step?")
    terminal.wait_until_quiet()
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.wait_for("DECISION 1: QUIT", seconds=10)


def test_an_edited_command_is_run(program: Open, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "echo changed" > "$1"\n')
    editor.chmod(0o700)
    terminal = program("BEFORE", EDITOR=str(editor))
    terminal.wait_for(FOOTER)
    terminal.press("e")
    terminal.wait_for("DECISION 1: EDIT echo changed")


def test_without_an_editor_it_says_so(program: Open) -> None:
    terminal = program("BEFORE", EDITOR="no-such-editor")
    terminal.wait_for(FOOTER)
    terminal.press("e")
    terminal.wait_for("The editor of EDITOR was not found")
    terminal.wait_for(FOOTER)


def test_plain_mode_takes_typed_answers(program: Open) -> None:
    terminal = program("BEFORE", "--plain")
    terminal.wait_for("Type a key, then Enter")
    terminal.press("why\r")
    terminal.wait_for("Because of default.")
    terminal.press("list\r")
    terminal.wait_for("1. ")
    terminal.press("2\r")
    terminal.wait_for("DECISION 1: JUMP second")


def test_the_terminal_is_as_before_at_the_end(program: Open) -> None:
    terminal = program("BEFORE")
    before = termios.tcgetattr(terminal.child.child_fd)
    terminal.wait_for(FOOTER)
    time.sleep(0.1)
    assert not termios.tcgetattr(terminal.child.child_fd)[3] & termios.ECHO
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.wait_for("THE END")
    assert termios.tcgetattr(terminal.child.child_fd) == before
