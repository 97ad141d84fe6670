"""What bash alone can tell of the commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from steps.folders import Folder

from tutorial.steps.lint import lint_tutorial


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (
            "command: |\n  ls\n  cat <<EOF\n  text\n   EOF\n",
            "4:3: the heredoc <<EOF is not ended; end it with a line that holds only EOF, without spaces",
        ),
        (
            "command: |\n  ls\n  if true; then\n",
            "4:3: bash cannot read the command: syntax error: unexpected end of file",
        ),
        (
            "command: |\n  ls\n  echo )\n",
            "4:3: bash cannot read the command: syntax error near unexpected token `)'",
        ),
        (
            "command: echo 'open\n",
            "bash cannot read the command: unexpected EOF while looking for matching `''",
        ),
        ("command: ls\ncleanup: {commands: ['echo (']}\n", "3:23: bash cannot read the command"),
        ("command: ls\non_fail: ['echo (']\n", "3:12: bash cannot read the command"),
        ("command: ls\nuntil: {command: 'done'}\n", "3:19: bash cannot read the command"),
    ],
)
def test_a_command_that_bash_cannot_read(folder: Folder, step: str, fault: str) -> None:
    file = folder.write("10-step.yaml", f"title: Step\n{step}")
    [found] = lint_tutorial(folder.path)
    assert fault in str(found)
    assert found.location.path == file


def test_nothing_runs(folder: Folder, tmp_path: Path) -> None:
    folder.write("10-step.yaml", f"title: Step\ncommand: 'true; }}; touch {tmp_path}/made'\n")
    lint_tutorial(folder.path)
    assert not (tmp_path / "made").exists()


def test_one_step_does_not_end_anothers_heredoc(folder: Folder) -> None:
    folder.write("10-first.yaml", "title: Step\ncommand: |\n  cat <<EOF\n  text\n")
    folder.write("20-second.yaml", "title: Step\ncommand: |\n  cat <<EOF\n  text\n  EOF\n")
    [found] = lint_tutorial(folder.path)
    assert found.location.path.name == "10-first.yaml"


def test_a_large_command(folder: Folder) -> None:
    lines = "  echo 'a long line of a large command'\n" * 5000
    folder.write("10-step.yaml", f"title: Step\ncommand: |\n{lines}")
    assert lint_tutorial(folder.path) == []


def test_faults_of_form_and_of_bash_in_the_order_of_files(folder: Folder) -> None:
    folder.write("10-first.yaml", "title: Step\ncommand: 'echo ('\n")
    folder.write("20-second.yaml", "title: Step\nwhat: x\ncommand: 'echo ('\n")
    places = [(fault.location.path.name, fault.location.line) for fault in lint_tutorial(folder.path)]
    assert places == [("10-first.yaml", 2), ("20-second.yaml", 2), ("20-second.yaml", 3)]


def test_a_folder_without_tutorial(tmp_path: Path) -> None:
    [found] = lint_tutorial(tmp_path)
    assert str(found) == f"{tmp_path}/tutorial.yaml:1:1: is not a file; write one, or correct the path"
