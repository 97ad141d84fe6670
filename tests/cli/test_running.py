"""`run` from the command line, with a tutorial that needs no cluster: streams, records, exit codes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

Program = Callable[..., subprocess.CompletedProcess[str]]


def test_a_passing_run_is_exit_0(program: Program, tutorial: Path) -> None:
    done = program("run", "--trust", str(tutorial), "--auto")
    assert done.returncode == 0, done.stderr
    assert "1 passed" in done.stdout


def test_a_failing_run_is_exit_1_and_reported(program: Program, tutorial: Path, tmp_path: Path) -> None:
    (tutorial / "20-fail.yaml").write_text("title: Fail\ncommand: |\n  echo no >&2; false\n")
    done = program("run", "--trust", str(tutorial), "--auto", "--junit", "report.xml")
    assert done.returncode == 1
    suite = ElementTree.parse(tmp_path / "report.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "1 passed, 1 failed" in done.stdout


def test_events_go_to_stdout_and_the_view_to_stderr(program: Program, tutorial: Path) -> None:
    done = program("run", "--trust", str(tutorial), "--auto", "-o", "jsonl")
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert (events[0], events[-1]) == ("RunStarted", "RunEnded")
    assert "Say it" in done.stderr


def test_debug_logs_the_events(program: Program, tutorial: Path) -> None:
    done = program("run", "--trust", str(tutorial), "--auto", "--debug")
    log = Path(done.stderr.rpartition("Log: ")[2].strip()).read_text()
    assert '"event": "StepEnded"' in log


@pytest.mark.parametrize("place", ["before", "after"])
def test_keep_takes_no_word_after_it(program: Program, tutorial: Path, place: str) -> None:
    arguments = ["--keep", str(tutorial)] if place == "before" else [str(tutorial), "--keep"]
    done = program("run", "--trust", "--auto", *arguments)
    assert done.returncode == 0, done.stderr
    kept = json.loads(program("status", "-o", "json").stdout)
    assert [run["state"] for run in kept] == ["kept"]
    assert f"egress-tutorial resume {kept[0]['run_id']}" in done.stdout
    rolled_back = program("rollback")
    assert rolled_back.returncode == 0
    assert kept[0]["run_id"] in rolled_back.stderr
    assert json.loads(program("status", "-o", "json").stdout) == []


def test_a_rollback_of_nothing_says_so(program: Program) -> None:
    done = program("rollback")
    assert (done.returncode, done.stderr) == (0, "There is no run to undo.\n")


CLEANED = "title: Say it\ncommand: echo it\ncleanup: {commands: [touch undone], by_hand: Undo it.}\n"


def test_a_run_that_cannot_be_undone_is_forgotten(program: Program, tutorial: Path, tmp_path: Path) -> None:
    (tutorial / "10-say.yaml").write_text(CLEANED)
    assert program("run", "--trust", "--auto", "--keep", str(tutorial)).returncode == 0
    (kept,) = json.loads(program("status", "-o", "json").stdout)
    run_id = kept["run_id"]
    unasked = program("rollback", "--forget", run_id)
    assert (unasked.returncode, "no terminal to ask on" in unasked.stderr) == (2, True)
    assert json.loads(program("status", "-o", "json").stdout) == [kept]
    done = program("rollback", "--forget", run_id, "--yes")
    assert done.returncode == 0, done.stderr
    assert "Nothing will be deleted in [no cluster]" in done.stdout
    assert "This may still be there. Remove it with:" in done.stdout
    assert "touch undone" in done.stdout
    assert done.stderr == f"Forgotten: {run_id}. Nothing was deleted.\n"
    assert json.loads(program("status", "-o", "json").stdout) == []
    assert program("rollback").stderr == "There is no run to undo.\n"
    assert not list(tmp_path.rglob("undone"))
    again = program("rollback", "--forget", run_id, "--yes")
    assert (again.returncode, "is over already" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--forget",), "Which run is to be forgotten?"),
        (("--forget", "no-such-run", "--yes"), "There is no run no-such-run."),
        (("--yes",), "--yes goes with --forget."),
    ],
)
def test_what_is_to_be_forgotten_must_be_named(
    program: Program, arguments: tuple[str, ...], words: str
) -> None:
    done = program("rollback", *arguments)
    assert (done.returncode, words in done.stderr) == (2, True)


def test_a_bad_step_file_is_exit_3(program: Program, tutorial: Path) -> None:
    (tutorial / "20-bad.yaml").write_text("title: Bad\n")
    done = program("run", "--trust", str(tutorial), "--auto")
    assert done.returncode == 3
    assert "20-bad.yaml" in done.stderr


@pytest.mark.parametrize(
    ("cluster", "why"),
    [
        ({"proxy-url": "socks5://me:secret@127.0.0.1:1"}, "names a socks5 proxy"),
        (
            {"insecure-skip-tls-verify": True, "certificate-authority-data": "eA=="},
            "it has both insecure-skip-tls-verify",
        ),
        ({"certificate-authority-data": "***"}, "is no base64"),
    ],
)
def test_a_cluster_that_kubectl_or_the_program_cannot_reach_is_told_before_the_run(
    program: Program, tutorial: Path, tmp_path: Path, cluster: dict[str, object], why: str
) -> None:
    (tutorial / "tutorial.yaml").write_text("title: Mine\n")
    content = {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", **cluster}}],
        "contexts": [{"name": "x", "context": {"cluster": "c"}}],
        "current-context": "x",
    }
    (tmp_path / "k").write_text(json.dumps(content))
    for arguments in (("run", "--trust", str(tutorial), "--auto"), ("doctor",)):
        done = program(*arguments, "--kubeconfig", "k")
        said = " ".join(f"{done.stdout} {done.stderr}".split())
        assert (done.returncode, why in said, "secret" in said) == (4, True, False), said


def test_the_users_variable_names_the_cluster_and_the_flag_a_sandbox(
    program: Program, tutorial: Path
) -> None:
    (tutorial / "tutorial.yaml").write_text("title: Mine\n")
    arguments = ("run", "--trust", str(tutorial), "--auto")
    done = program(*arguments, EGRESS_TUTORIAL_CONTEXT="nowhere")
    assert (done.returncode, "There is no context nowhere." in done.stderr) == (2, True)
    assert "EGRESS_TUTORIAL_CONTEXT names it" in done.stderr
    done = program(*arguments, "--context", "nowhere", EGRESS_TUTORIAL_CONTEXT="other")
    assert (done.returncode, "EGRESS_TUTORIAL_CONTEXT" in done.stderr) == (2, False)
    done = program("doctor", EGRESS_TUTORIAL_CONTEXT="nowhere")
    assert (done.returncode, "EGRESS_TUTORIAL_CONTEXT names it" in done.stderr) == (2, True)
    done = program(*arguments, "--sandbox", "--context", "kind")
    assert (done.returncode, "exclude each other" in done.stderr) == (2, True)
