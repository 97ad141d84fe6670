"""The story of a run from outside: real files, real bash, a real process that dies."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tutorial.app import RunOptions, resume_run, rollback_run, run_tutorial, status, unreadable_runs
from tutorial.errors import ExitCode, JournalError, NotReadyError, RollbackIncompleteError, UsageError
from tutorial.journal.paths import state_home
from tutorial.journal.run_folder import RunFolder
from tutorial.journal.run_meta import RunMeta
from tutorial.ui.environment import Environment

ROOT = Path(__file__).parents[1]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A user whose home is this test's folder, without a terminal."""
    variables = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    return Environment.resolve(
        variables=variables, stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO()
    )


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """A tutorial that needs no cluster: it has files, carries a variable and makes a file."""
    folder = tmp_path / "lesson"
    (folder / "samples").mkdir(parents=True)
    (folder / "samples" / "word.txt").write_text("hello\n")
    (folder / "tutorial.yaml").write_text("title: Lesson\nrequires: none\nfiles: samples\n")
    write_step(
        folder, "10-take", 'export WORD="$(cat samples/word.txt)"', "expect:\n  variables: {WORD: hello}"
    )
    write_step(folder, "20-make", 'touch "$HOME/made"', 'cleanup:\n  commands: [rm -f "$HOME/made"]')
    write_step(folder, "30-say", 'echo "$WORD again"', "expect:\n  stdout: {contains: hello again}")
    return folder


def write_step(folder: Path, name: str, command: str, rest: str = "") -> None:
    (folder / f"{name}.yaml").write_text(f"title: {name}\ncommand: |\n  {command}\n{rest}\n")


def auto(lesson: Path, **fields: object) -> RunOptions:
    return RunOptions(tutorial=str(lesson), auto=True, trust=True, **fields)  # type: ignore[arg-type]


def output(environment: Environment) -> str:
    assert isinstance(environment.stdout, io.StringIO)
    return environment.stdout.getvalue()


def test_a_run_passes_and_leaves_only_its_journal(
    lesson: Path, environment: Environment, tmp_path: Path
) -> None:
    assert run_tutorial(auto(lesson), environment) is ExitCode.OK
    assert "hello again" in output(environment)
    assert not (tmp_path / "made").exists()
    assert status(environment) == []
    (run,) = (tmp_path / ".local/state/egress-tutorial/runs").iterdir()
    assert {entry.name for entry in run.iterdir()} == {"run.json", "journal.jsonl", "lock"}


def test_files_get_the_values_of_the_tutorials_variables(
    lesson: Path, environment: Environment, tmp_path: Path
) -> None:
    (lesson / "tutorial.yaml").write_text(
        "title: Lesson\nrequires: none\nfiles: samples\nvariables: {IMAGE: plain, WORD: x}\n"
    )
    script = lesson / "samples" / "say"
    script.write_text('#!/bin/sh\necho "image: ${IMAGE}, home: ${HOME:+set}, ${OTHER}"\n')
    script.chmod(0o755)
    (lesson / "samples" / "raw").write_bytes(b"\xff${IMAGE}")
    write_step(
        lesson,
        "30-say",
        "samples/say && cmp samples/raw " + str(lesson / "samples" / "raw"),
        "expect:\n  stdout: {equals: 'image: mirror/curl:8, home: set, '}",
    )
    (lesson / "10-take.yaml").unlink()
    assert run_tutorial(auto(lesson, set={"IMAGE": "mirror/curl:8"}), environment) is ExitCode.OK


def test_a_failed_step_is_rolled_back(lesson: Path, environment: Environment, tmp_path: Path) -> None:
    write_step(lesson, "30-say", "false")
    assert run_tutorial(auto(lesson), environment) is ExitCode.STEP_FAILED
    assert not (tmp_path / "made").exists()


def test_a_cleanup_that_fails_is_exit_5_and_can_be_run_again(
    lesson: Path, environment: Environment, tmp_path: Path
) -> None:
    write_step(lesson, "20-make", "true", 'cleanup:\n  commands: [test -e "$HOME/ready"]')
    assert run_tutorial(auto(lesson), environment) is ExitCode.ROLLBACK_INCOMPLETE
    assert 'test -e "$HOME/ready"' in output(environment)
    assert [run.state for run in status(environment)] == ["kept"]
    (tmp_path / "ready").touch()
    assert rollback_run(None, RunOptions(), environment) is ExitCode.OK
    assert status(environment) == []


def test_an_error_before_the_first_step_leaves_no_run(lesson: Path, environment: Environment) -> None:
    with pytest.raises(UsageError, match="no step nowhere"):
        run_tutorial(auto(lesson, from_step="nowhere"), environment)
    with pytest.raises(UsageError, match="no context"):
        write_step(lesson, "10-take", "true")
        (lesson / "tutorial.yaml").write_text("title: Lesson\n")
        run_tutorial(auto(lesson, context="nowhere"), environment)
    assert status(environment) == []


def test_a_kept_run_is_resumed_with_its_variables(
    lesson: Path, environment: Environment, tmp_path: Path
) -> None:
    assert run_tutorial(auto(lesson, until_step="make", keep="always"), environment) is ExitCode.OK
    (kept,) = status(environment)
    assert (kept.state, kept.step, kept.tutorial) == ("kept", "make", "lesson")
    assert (tmp_path / "made").exists()
    assert resume_run(None, RunOptions(auto=True), environment) is ExitCode.OK
    assert "hello again" in output(environment)
    assert not (tmp_path / "made").exists()


def test_a_run_that_was_killed_is_rolled_back(lesson: Path, environment: Environment, tmp_path: Path) -> None:
    write_step(lesson, "30-say", 'touch "$HOME/waiting"; sleep 30')
    process = start(lesson, environment)
    with process:
        wait_for(tmp_path / "waiting")
        (running,) = status(environment)
        with pytest.raises(NotReadyError, match="in use"):
            rollback_run(running.run_id, RunOptions(), environment)
        process.kill()
    (left,) = status(environment)
    assert (running.state, left.state, left.step) == ("running", "interrupted", "say")
    assert rollback_run(None, RunOptions(), environment) is ExitCode.OK
    assert not (tmp_path / "made").exists()
    assert status(environment) == []


def test_resume_names_the_runs_to_choose_from(lesson: Path, environment: Environment) -> None:
    with pytest.raises(UsageError, match="no run"):
        resume_run(None, RunOptions(auto=True), environment)
    for _ in range(2):
        run_tutorial(auto(lesson, keep="always"), environment)
    with pytest.raises(UsageError, match="There are 2 runs"):
        resume_run(None, RunOptions(auto=True), environment)


def test_an_error_in_one_run_does_not_keep_others_from_being_undone(
    lesson: Path, environment: Environment, tmp_path: Path
) -> None:
    for _ in range(2):
        run_tutorial(auto(lesson, keep="always"), environment)
    first, second = status(environment)
    damaged = tmp_path / ".local/state/egress-tutorial/runs" / first.run_id
    (damaged / "run.json").write_text("damaged")
    with pytest.raises(RollbackIncompleteError, match="cannot be read") as raised:
        rollback_run(None, RunOptions(), environment)
    assert str(damaged) in raised.value.do
    assert [str(error) for error in unreadable_runs(environment)] == [str(raised.value)]
    assert second.run_id not in {run.run_id for run in status(environment)}


def test_a_run_whose_shell_state_is_damaged_is_rolled_back_all_the_same(
    lesson: Path, environment: Environment, tmp_path: Path
) -> None:
    run_tutorial(auto(lesson, keep="always"), environment)
    (kept,) = status(environment)
    shell = tmp_path / ".local/state/egress-tutorial/runs" / kept.run_id / "shell"
    (shell / "state").write_text("damaged")
    with pytest.raises(JournalError, match="cannot be read"):
        resume_run(None, RunOptions(auto=True), environment)
    assert rollback_run(None, RunOptions(), environment) is ExitCode.OK
    assert not (tmp_path / "made").exists()


def start(lesson: Path, environment: Environment) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tutorial.cli.main", "run", "--trust", str(lesson), "--auto"],
        env=dict(environment.variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(path: Path, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)


def test_a_run_that_was_killed_before_it_knew_where_its_commands_go_is_not_gone_on_with(
    lesson: Path, environment: Environment, tmp_path: Path
) -> None:
    """Without a backend its commands would reach the cluster of the user's current context."""
    home = state_home(environment.variables)
    meta = RunMeta("lesson-1", "lesson", str(lesson), time.time(), "1")
    RunFolder.create(home, meta).close()
    with pytest.raises(UsageError, match="ended before its first step"):
        resume_run("lesson-1", auto(lesson), environment)
    assert not (tmp_path / "made").exists()
    assert status(environment) == []
    with pytest.raises(UsageError, match="There is no run to go on with"):
        resume_run(None, auto(lesson), environment)
    assert rollback_run("lesson-1", auto(lesson), environment) is ExitCode.OK
