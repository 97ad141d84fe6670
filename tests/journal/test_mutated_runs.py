"""Thousands of broken journals and run.json files: read, or refused with the reason; never a traceback.

How many, and how to repeat a run: see `mutations`.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from mutations import VALUES, Mutations, how_many

from tutorial.app import RunOptions, resume_run, rollback_run, status, unreadable_runs
from tutorial.engine import history
from tutorial.engine.records import (
    Adopted,
    Announced,
    Closed,
    Found,
    Intent,
    Made,
    Outcome,
    PutBack,
    Seen,
    Undone,
)
from tutorial.engine.rollback import commands_to_undo
from tutorial.errors import JournalError, TutorialError
from tutorial.journal.codec import to_json
from tutorial.journal.journal import VERSION, read_journal
from tutorial.journal.paths import runs_folder, state_home
from tutorial.journal.run_list import damaged_runs, list_runs
from tutorial.journal.run_meta import RunMeta
from tutorial.steps.model import ObjectReference
from tutorial.ui.environment import Environment

SERVICE = ObjectReference("service", "a", "default")
NAMESPACE = ObjectReference("namespace", "plain")
MADE = Made(
    SERVICE, "uid-1", {"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
)
RECORDS = (
    Announced((SERVICE,)),
    Adopted("one", (MADE,), {"default": "uid-0"}),
    Intent("one", "true", 1.5, absent=(SERVICE,), present=(NAMESPACE,), doomed=(MADE,), cleanup=("true",)),
    Outcome("one", "passed", 0, made=(MADE,), removed=("uid-2",), others=(NAMESPACE,), ended=2.5),
    Seen((MADE,)),
    Found("one", (MADE,)),
    Intent("two", "true", 3.5, by_hand="Look at it.", seconds=60.0, cleanup=("true",)),
    Undone("one", SERVICE),
    PutBack("one", SERVICE, "uid-3"),
    Closed("quit", kept=True),
)
JSON_VALUES = (
    *(
        "null",
        "true",
        "[]",
        "{}",
        '""',
        '"x"',
        "0",
        "-1",
        "1e999",
        "NaN",
        "1.5",
        "9" * 400,
        "9" * 5000,
        "[null]",
    ),
    *(
        "[[]]",
        "[{}]",
        '{"a": []}',
        '[{"reference": null}]',
        "[" * 20_000,
        "[" * 20_000 + "]" * 20_000,
        '"\\ud800"',
    ),
    *('"\\u001b[2J"', '"\\u0000"', '"../../x"', '{"kind": [], "name": {}, "namespace": 3}'),
)


JOURNAL = b"".join(json.dumps({"version": VERSION, **to_json(record)}).encode() + b"\n" for record in RECORDS)


def mutated(mutations: Mutations, text: bytes) -> bytes:
    """The text with a fault in one of its lines' values, or anywhere."""
    if mutations.random.random() < 0.3:
        return mutations.of(text)
    lines = text.splitlines()
    at = mutations.random.randrange(len(lines))
    spread = json.dumps(json.loads(lines[at]), indent=1).encode()
    lines[at] = mutations.of(spread).replace(b"\n", b" ")
    return b"\n".join(lines) + b"\n"


def test_a_mutated_journal_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    mutations = Mutations([JOURNAL], values=(*VALUES, *JSON_VALUES))
    sys.stdout.write(f"{mutations!r}\n")
    count, read = how_many(2_000), 0
    for _ in range(count):
        text = mutated(mutations, JOURNAL)
        path.write_bytes(text)
        try:
            records = read_journal(path)
            history.begun_steps(records)
            history.owned_objects(records)
            history.ever_made(records)
            history.last_outcomes(records)
            history.adopted_objects(records)
            history.adopted_homes(records)
            history.others_uids(records)
            history.last_seen(records)
            history.used_objects(records)
            history.found_objects(records)
            commands_to_undo(records, str.strip)
            read += 1
        except JournalError as error:
            assert error.do or error.why
        except Exception as error:
            error.add_note(f"{mutations!r}\n{text[:5000]!r}")
            raise
    assert count / 100 < read < count


META = RunMeta(
    id="mine-1a2b", tutorial="mine", path="", created=1.0, version="0.1", variables={"NAMESPACE": "a"},
    backend="none", backend_label="none", claims=("service/a@default",),
)  # fmt: skip

KUBECONFIG = """
contexts: [{name: one, context: {cluster: nobody, user: me}}]
clusters: [{name: nobody, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: me, user: {token: abc}}]
"""


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    variables = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    return Environment.resolve(
        variables=variables, stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO()
    )


@pytest.mark.parametrize("ending", [rollback_run, resume_run])
def test_a_mutated_run_is_shown_ended_or_refused(
    tmp_path: Path, environment: Environment, ending: Callable[[str | None, RunOptions, Environment], object]
) -> None:
    lesson = tmp_path / "mine"
    lesson.mkdir()
    (lesson / "tutorial.yaml").write_text("title: Mine\nrequires: none\n")
    for name in ("10-one", "20-two"):
        (lesson / f"{name}.yaml").write_text(f"title: {name}\ncommand: 'true'\n")
    home = state_home(environment.variables)
    folder = runs_folder(home) / META.id
    config = tmp_path / "config"
    config.write_text(KUBECONFIG)
    cluster = {"backend": "cluster", "context": "one", "kubeconfig": str(config)}
    metas = [
        json.dumps(
            asdict(replace(META, path=str(lesson), backend=kind, backend_parameters=parameters))
        ).encode()
        for kind, parameters in (("none", {"backend": "none"}), ("", {}), ("cluster", cluster))
    ]
    mutations = Mutations(metas, values=(*VALUES, *JSON_VALUES))
    sys.stdout.write(f"{mutations!r}\n")
    for number in range(how_many(100)):
        (folder / "shell").mkdir(parents=True, exist_ok=True)
        (folder / "work").mkdir(exist_ok=True)
        meta = mutations.random.choice(metas)
        texts = (mutated(mutations, meta), JOURNAL) if number % 2 else (meta, mutated(mutations, JOURNAL))
        for name, text in zip(("run.json", "journal.jsonl"), texts, strict=True):
            (folder / name).write_bytes(text)
        try:
            list_runs(home)
            damaged_runs(home)
            status(environment)
            unreadable_runs(environment)
            ending(META.id, RunOptions(auto=True, trust=True, wait=0), environment)
        except TutorialError as error:
            assert error.do or error.why
        except Exception as error:
            error.add_note(f"{mutations!r}\n{texts!r}")
            raise
