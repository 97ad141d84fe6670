"""Runs on disk: made, locked, found again, told apart, and thrown away."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from journal.records import INTENT

from tutorial.engine.records import Closed
from tutorial.errors import JournalError, NotReadyError, UsageError
from tutorial.journal.paths import runs_folder
from tutorial.journal.run_folder import RunFolder, new_run_id
from tutorial.journal.run_list import RunState, damaged_runs, list_runs, prune_closed_runs
from tutorial.journal.run_meta import RunMeta

HOLDER = """
import subprocess, sys
from pathlib import Path
from tutorial.journal.run_folder import RunFolder
folder = RunFolder.open(Path(sys.argv[1]), "one-1234")
child = subprocess.Popen(["sleep", "60"], start_new_session=True, close_fds=False, stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
sys.stdin.read()
"""

META = RunMeta(
    id="one-1234",
    tutorial="one",
    path="/steps/one",
    created=1.5,
    version="0.1.0",
    variables={"NAMESPACE": "default"},
    backend="cluster",
    backend_label="cluster: kind",
    backend_parameters={"backend": "cluster", "context": "kind", "kubeconfig": "/config"},
    trusted="0123",
)


@contextmanager
def another_process(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the run, with a child that outlives it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        try:
            yield holder
        finally:
            holder.kill()
            os.kill(child, signal.SIGKILL)


def test_a_run_is_made_and_opened_again(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, META) as made:
        made.journal.append(INTENT)
        assert {path.name for path in made.path.iterdir()} == {
            "run.json",
            "journal.jsonl",
            "lock",
            "work",
            "shell",
        }
        assert (made.work.is_dir(), made.shell.is_dir()) == (True, True)
    with RunFolder.open(tmp_path, "one-1234") as opened:
        assert opened.meta == META
        assert opened.journal.records() == (INTENT,)


def test_what_is_known_of_a_run_can_change(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, META) as made:
        made.update(replace(META, trusted="4567"))
        assert made.meta.trusted == "4567"
    assert list_runs(tmp_path)[0].meta.trusted == "4567"


@pytest.mark.parametrize("run_id", ["none", "", "..", "../one-1234", "a/b"])
def test_an_unknown_run_is_refused(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(UsageError, match="There is no run"):
        RunFolder.open(tmp_path, run_id)


def test_a_run_in_another_process_is_refused_and_named(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, META).close()
    with another_process(tmp_path) as holder:
        with pytest.raises(NotReadyError, match="The run one-1234 is in use") as caught:
            RunFolder.open(tmp_path, "one-1234")
        assert str(holder.pid) in caught.value.why
        (listing,) = list_runs(tmp_path)
        assert (listing.state, listing.process) == (RunState.RUNNING, holder.pid)


def test_a_killed_run_is_interrupted_although_its_children_live(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, META).close()
    with another_process(tmp_path) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        (listing,) = list_runs(tmp_path)
        assert (listing.state, listing.process) == (RunState.INTERRUPTED, None)
        RunFolder.open(tmp_path, "one-1234").close()


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (None, RunState.INTERRUPTED),
        (INTENT, RunState.INTERRUPTED),
        (Closed("kept", kept=True), RunState.KEPT),
        (Closed("passed"), RunState.CLOSED),
    ],
)
def test_how_a_run_stands(tmp_path: Path, record: object, state: RunState) -> None:
    with RunFolder.create(tmp_path, META) as made:
        if record is not None:
            made.journal.append(record)
        assert list_runs(tmp_path)[0].state is RunState.RUNNING
    assert list_runs(tmp_path)[0].state is state


def test_runs_are_listed_by_age_and_damage_is_left_out(tmp_path: Path) -> None:
    for number, created in enumerate((3.0, 1.0, 2.0)):
        RunFolder.create(tmp_path, replace(META, id=f"run-{number}", created=created)).close()
    (tmp_path / "runs" / "run-2" / "run.json").write_text("{")
    (tmp_path / "runs" / "file").write_text("")
    assert [listing.meta.id for listing in list_runs(tmp_path)] == ["run-1", "run-0"]
    with pytest.raises(JournalError, match=r"run\.json cannot be read"):
        RunFolder.open(tmp_path, "run-2")


def test_carried_state_is_forgotten(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, META) as made:
        (made.shell / "state").write_text("secret")
        (made.work / "file").write_text("")
        made.forget_state()
        assert {path.name for path in made.path.iterdir()} == {"run.json", "journal.jsonl", "lock"}


def test_only_closed_runs_are_pruned_oldest_first(tmp_path: Path) -> None:
    for number in range(5):
        meta = replace(META, id=f"run-{number}", created=float(number))
        with RunFolder.create(tmp_path, meta) as made:
            if number != 1:
                made.journal.append(Closed("passed"))
    prune_closed_runs(tmp_path, keep=2)
    assert [listing.meta.id for listing in list_runs(tmp_path)] == ["run-1", "run-3", "run-4"]


def test_a_run_whose_deletion_is_cut_off_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunFolder.create(tmp_path, META) as made:
        made.journal.append(Closed("passed"))

    def cut_off(path: Path, *, ignore_errors: bool) -> None:
        (path / "run.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tutorial.journal.run_list.shutil.rmtree", cut_off)
        with pytest.raises(KeyboardInterrupt):
            prune_closed_runs(tmp_path, keep=0)
    assert (damaged_runs(tmp_path), list_runs(tmp_path)) == ({}, [])
    prune_closed_runs(tmp_path)
    assert list(runs_folder(tmp_path).iterdir()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        *({"path": 7}, {"created": "x"}, {"variables": []}, {"backend_parameters": {"sandbox": None}}),
        *({"backend_parameters": {"backend": "cluster", "context": "a"}}, {"backend_parameters": {"a": "b"}}),
        {"backend_parameters": {"backend": "sandbox"}},
        {"backend_parameters": {"backend": "sandbox", "sandbox": ".."}},
        {"backend_parameters": {"backend": "sandbox", "sandbox": "/somewhere"}},
    ],
)
def test_a_description_with_wrong_types_is_unreadable(tmp_path: Path, wrong: dict[str, object]) -> None:
    with RunFolder.create(tmp_path, META) as folder:
        file = folder.path / "run.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **wrong}))
    with pytest.raises(JournalError, match="cannot be read"):
        RunFolder.open(tmp_path, META.id)
    assert list_runs(tmp_path) == []


def test_a_run_that_names_another_folder_is_never_pruned_there(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    with RunFolder.create(tmp_path, META) as folder:
        folder.journal.append(Closed("passed"))
        folder.update(replace(META, id="../precious"))
    prune_closed_runs(tmp_path, keep=0)
    assert precious.is_dir()
    with pytest.raises(JournalError):
        RunFolder.open(tmp_path, META.id)


@pytest.mark.parametrize(
    ("tutorial", "beginning"),
    [("externalname", "externalname"), ("My Own/Tour!", "my-own-tour"), ("é", "run")],
)
def test_ids_are_short_and_readable(tutorial: str, beginning: str) -> None:
    assert re.fullmatch(rf"{beginning}-[0-9a-f]{{4}}", new_run_id(tutorial))


def test_the_same_id_is_not_made_twice(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, META).close()
    with pytest.raises(JournalError):
        RunFolder.create(tmp_path, META)
