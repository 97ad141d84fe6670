"""The questions before a run, in a real terminal: commands from elsewhere are listed, and need a yes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from end_to_end.terminal import Terminal

OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path, user_variables: dict[str, str]) -> Iterator[OpenTerminal]:
    opened: list[Terminal] = []

    def open_terminal(*arguments: str) -> Terminal:
        command = [sys.executable, "-m", "tutorial.cli.main", *arguments]
        opened.append(Terminal(command, {**user_variables, "TERM": "xterm-256color"}, tmp_path))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


@pytest.mark.parametrize("mode", [[], ["--plain"], ["--auto"]])
def test_commands_from_elsewhere_are_listed_and_need_a_yes(
    terminal: OpenTerminal, tutorial: Path, mode: list[str]
) -> None:
    enter = "\r" if "--plain" in mode else ""
    shown = terminal("run", str(tutorial), *mode)
    shown.wait_for("Run them?")
    assert "echo it" in shown.seen()
    shown.press(f"n{enter}")
    assert shown.wait_for_exit() == 0
    assert "step 1 of 1" not in shown.seen()


def test_enter_is_no_yes(terminal: OpenTerminal, tutorial: Path) -> None:
    shown = terminal("run", str(tutorial))
    shown.wait_for_pause("n leave")
    for key in ("\r", " ", "y"):
        shown.wait_until_quiet()
        assert "step 1 of 1" not in shown.seen()
        shown.press(key)
    shown.wait_for("step 1 of 1")


def test_ctrl_c_at_the_question_is_exit_130(terminal: OpenTerminal, tutorial: Path) -> None:
    shown = terminal("run", str(tutorial))
    shown.wait_for_pause("n leave")
    shown.press("\x03")
    assert shown.wait_for_exit() == 130


def test_a_resumed_run_asks_again_only_when_a_command_has_changed(
    terminal: OpenTerminal, tutorial: Path
) -> None:
    kept = terminal("run", "--trust", "--auto", "--keep", str(tutorial))
    assert kept.wait_for_exit() == 0
    same = terminal("resume")
    assert same.wait_for_exit() == 0
    assert "Run them?" not in same.seen()
    kept = terminal("run", "--trust", "--auto", "--keep", str(tutorial))
    assert kept.wait_for_exit() == 0
    (tutorial / "20-more.yaml").write_text("title: More\ncommand: echo more\n")
    changed = terminal("resume")
    changed.wait_for("Run them?")
    changed.press("n")
    assert changed.wait_for_exit() == 0
    assert "step 2 of 2" not in changed.seen()
    assert terminal("rollback").wait_for_exit() == 0


@pytest.mark.parametrize("mode", [[], ["--plain"]])
def test_a_run_is_forgotten_only_after_a_yes(
    terminal: OpenTerminal, tutorial: Path, tmp_path: Path, mode: list[str]
) -> None:
    enter = "\r" if mode else ""
    assert terminal("run", "--trust", "--auto", "--keep", str(tutorial)).wait_for_exit() == 0
    (folder,) = (tmp_path / ".local" / "state" / "egress-tutorial" / "runs").iterdir()
    for answer, words in (("n", "kept"), ("y", "No run is alive")):
        shown = terminal("rollback", "--forget", folder.name, *mode)
        shown.wait_for("Forget it?")
        shown.press(answer + enter)
        assert shown.wait_for_exit() == 0
        status = terminal("status")
        assert status.wait_for_exit() == 0
        assert words in status.seen()
