"""What is made of the surroundings, and which editor is found."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from tutorial.engine.ports import Stop
from tutorial.errors import UsageError
from tutorial.shell.signals import Signals
from tutorial.ui.editor import edit, find_editor
from tutorial.ui.environment import Environment
from tutorial.ui.opening import open_view
from tutorial.ui.plain_view import PlainView
from tutorial.ui.terminal_view import TerminalView


@pytest.fixture
def signals() -> Iterator[Signals]:
    with Signals() as signals:
        yield signals


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A stream that is a terminal."""
    controller, end = pty.openpty()
    with os.fdopen(end, "w") as stream:
        yield stream
    os.close(controller)


def resolve(stream: TextIO, **variables: str) -> Environment:
    return Environment.resolve(variables=variables, stdin=stream, stdout=stream, stderr=stream)


def test_a_terminal_gets_colours_and_questions(terminal: TextIO) -> None:
    environment = resolve(terminal, TERM="xterm")
    assert environment.colour
    assert environment.can_ask()
    assert isinstance(open_view(environment), TerminalView)


@pytest.mark.parametrize("variables", [{"ACCESSIBLE": "1"}, {"TERM": "dumb"}])
def test_plain_lines_are_asked_for_by_variables(terminal: TextIO, variables: dict[str, str]) -> None:
    environment = resolve(terminal, **variables)
    assert environment.plain
    assert not environment.colour
    assert isinstance(open_view(environment), PlainView)


def test_no_color_keeps_the_terminal_view_without_colours(terminal: TextIO) -> None:
    environment = resolve(terminal, NO_COLOR="1", TERM="xterm")
    assert not environment.colour
    assert isinstance(open_view(environment), TerminalView)


def test_off_a_terminal_lines_are_plain_whatever_force_color_says() -> None:
    environment = resolve(io.StringIO(), FORCE_COLOR="1")
    assert not environment.can_ask()
    assert isinstance(open_view(environment), PlainView)


def test_questions_follow_the_view_to_stderr(terminal: TextIO) -> None:
    piped = io.StringIO()
    environment = Environment.resolve(variables={}, stdin=terminal, stdout=piped, stderr=terminal)
    assert not environment.can_ask()
    assert environment.can_ask(data_on_stdout=True)


def test_the_editor_is_visual_then_editor_then_one_that_is_there(tmp_path: Path) -> None:
    for name in ("one", "two", "nano"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o700)
    path = {"PATH": str(tmp_path)}
    assert find_editor({**path, "VISUAL": "one -w", "EDITOR": "two"}) == ["one", "-w"]
    assert find_editor({**path, "VISUAL": " ", "EDITOR": "two"}) == ["two"]
    assert find_editor(path) == ["nano"]
    (tmp_path / "nano").unlink()
    with pytest.raises(UsageError, match="no editor"):
        find_editor(path)
    with pytest.raises(UsageError, match="cannot be read"):
        find_editor({"EDITOR": "vi 'unclosed"})


@pytest.mark.parametrize(
    ("script", "result"),
    [("exit 0", None), (': > "$1"', None), ('rm "$1"', None), ('echo new > "$1"', "new\n")],
)
def test_an_edit_counts_only_when_something_changed(
    tmp_path: Path, terminal: TextIO, signals: Signals, script: str, result: str | None
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o700)
    environment = resolve(terminal, EDITOR=str(editor), PATH="/usr/bin:/bin")
    assert edit("echo old", environment, signals) == result


def test_an_editor_that_fails_changes_nothing(terminal: TextIO, signals: Signals) -> None:
    with pytest.raises(UsageError, match="ended with 1"):
        edit("echo old", resolve(terminal, EDITOR="false", PATH="/usr/bin:/bin"), signals)


def test_without_a_place_for_the_file_it_says_so(
    terminal: TextIO, signals: Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(UsageError, match="cannot be edited") as caught:
        edit("echo old", resolve(terminal, EDITOR="true", PATH="/usr/bin:/bin"), signals)
    assert "missing" in caught.value.why


def test_a_termination_ends_the_editor(terminal: TextIO, signals: Signals, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\nkill -TERM {os.getpid()}\nexec sleep 60\n")
    editor.chmod(0o700)
    with pytest.raises(UsageError, match="ended with"):
        edit("echo old", resolve(terminal, EDITOR=str(editor), PATH="/usr/bin:/bin"), signals)
    assert signals.pending() is Stop.TERMINATE
