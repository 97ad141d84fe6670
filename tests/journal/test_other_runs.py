"""What a run is told of the user's other runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from journal.records import INTENT, OUTCOME

from tutorial.engine.records import Closed
from tutorial.errors import NotReadyError
from tutorial.journal.other_runs import refuse_rival, run_that_made
from tutorial.journal.run_folder import RunFolder
from tutorial.journal.run_meta import RunMeta

ROOT = Path(__file__).parents[2]
META = RunMeta("mine-1234", "mine", "/mine", 1.0, "1", backend="cluster", claims=("service/a@x on there",))
OTHER = replace(META, id="other-1234")


@contextmanager
def alive(home: Path, meta: RunMeta = OTHER) -> Iterator[int]:
    """A run that another process is in; its pid."""
    with RunFolder.create(home, meta) as folder:
        for record in (INTENT, OUTCOME):
            folder.journal.append(record)
    script = (
        "import sys; from pathlib import Path; from tutorial.journal.run_folder import RunFolder\n"
        "with RunFolder.open(Path(sys.argv[1]), sys.argv[2]): print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home), meta.id],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid


def left(home: Path, meta: RunMeta, *records: Closed) -> None:
    """A run whose process is gone."""
    with RunFolder.create(home, meta) as folder:
        for record in (INTENT, OUTCOME, *records):
            folder.journal.append(record)


def test_a_run_that_makes_the_same_and_is_alive_is_a_rival(tmp_path: Path) -> None:
    with alive(tmp_path) as pid:
        with pytest.raises(NotReadyError) as caught:
            refuse_rival(tmp_path, META)
        error = caught.value
        assert re.search(
            rf"Your run other-1234 makes the same objects, and is alive since \d\d:\d\d \(process {pid}\): "
            r"service/a@x\.",
            error.what,
        )
        assert f"kill {pid}" in error.do
        assert "--set NAMESPACE=" in error.do
        refuse_rival(tmp_path, OTHER)
        refuse_rival(tmp_path, replace(META, claims=("service/a@y on there", "service/a@x on elsewhere")))
    refuse_rival(tmp_path, META)


def test_many_common_objects_are_counted(tmp_path: Path) -> None:
    claims = tuple(f"service/{name}@x on there" for name in "abcde")
    with alive(tmp_path, replace(OTHER, claims=claims)), pytest.raises(NotReadyError) as caught:
        refuse_rival(tmp_path, replace(META, claims=claims))
    assert caught.value.what.endswith(": service/a@x, service/b@x, service/c@x and 2 more.")


def test_the_run_that_made_an_object_is_named_with_how_it_stands(tmp_path: Path) -> None:
    with alive(tmp_path) as pid:
        run = run_that_made(tmp_path, "uid", but=META.id)
        assert run is not None
        assert run.standing.endswith(f"(process {pid})")
        assert run_that_made(tmp_path, "uid", but=OTHER.id) is None
        assert run_that_made(tmp_path, "another", but=META.id) is None
    run = run_that_made(tmp_path, "uid", but=META.id)
    assert run is not None
    assert run.standing.startswith("cut off (begun 1970-01-0")
    assert run.way_out.endswith("egress-tutorial rollback other-1234")


@pytest.mark.parametrize(("closed", "standing"), [(Closed("kept", kept=True), "kept"), (Closed("quit"), "")])
def test_a_run_that_was_kept_still_has_its_objects(tmp_path: Path, closed: Closed, standing: str) -> None:
    left(tmp_path, replace(OTHER, created=time.time()), closed)
    run = run_that_made(tmp_path, "uid", but=META.id)
    assert (run.standing.partition(" (")[0] if run else "") == standing
