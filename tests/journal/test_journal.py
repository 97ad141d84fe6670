"""The journal on disk: what is appended is there, whatever happens to the writer."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal.records import INTENT, OUTCOME, records

from tutorial.engine.records import Closed, Record, Undone
from tutorial.errors import JournalError
from tutorial.journal.journal import FileJournal, read_journal

WRITER = """
import sys
from pathlib import Path
from tutorial.engine.records import Undone
from tutorial.journal.journal import FileJournal
journal = FileJournal(Path(sys.argv[1]))
number = len(journal.records())
while True:
    journal.append(Undone(str(number), left="x" * (number * 37 % 3000)))
    print(number, flush=True)
    number += 1
"""


@contextmanager
def opened(path: Path) -> Iterator[FileJournal]:
    journal = FileJournal(path)
    try:
        yield journal
    finally:
        journal.close()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(records, max_size=6))
def test_any_records_come_back_equal(tmp_path: Path, wanted: list[Record]) -> None:
    path = tmp_path / "journal"
    path.unlink(missing_ok=True)
    with opened(path) as journal:
        for record in wanted:
            journal.append(record)
        assert list(journal.records()) == wanted
    assert list(read_journal(path)) == wanted


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(records, min_size=1, max_size=4), st.data())
def test_any_torn_end_leaves_the_records_before_it(
    tmp_path: Path, wanted: list[Record], data: st.DataObject
) -> None:
    path = tmp_path / "journal"
    path.unlink(missing_ok=True)
    with opened(path) as journal:
        for record in wanted:
            journal.append(record)
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    whole = content[:cut].count(b"\n")
    assert list(read_journal(path)) == wanted[:whole]
    with opened(path) as journal:
        journal.append(Closed("passed"))
    assert list(read_journal(path)) == [*wanted[:whole], Closed("passed")]


def test_a_killed_writer_loses_nothing_that_it_was_told_is_there(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    chance = random.Random(7)
    acknowledged = -1
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
            writer.send_signal(signal.SIGKILL)
            said = writer.stdout.read().split()
        acknowledged = max([acknowledged, *(int(each) for each in said)])
        found = read_journal(path)
        assert [record.step for record in found] == [str(number) for number in range(len(found))]
        assert len(found) > acknowledged
        assert all(isinstance(record, Undone) for record in found)


def test_a_failing_disk_is_an_error_and_leaves_the_journal_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.append(INTENT)
        size = path.stat().st_size
        with _file_size_limit(size + 20), pytest.raises(JournalError, match="cannot be written") as caught:
            journal.append(OUTCOME)
        assert caught.value.do
        assert path.stat().st_size == size
        journal.append(OUTCOME)
        assert journal.records() == (INTENT, OUTCOME)
    assert read_journal(path) == (INTENT, OUTCOME)


def test_a_part_of_a_line_that_could_not_be_taken_back_spoils_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.append(INTENT)
        size = path.stat().st_size
        with monkeypatch.context() as patch, _file_size_limit(size + 20):
            patch.setattr("tutorial.journal.journal.os.ftruncate", _refuse)
            for _ in range(2):
                with pytest.raises(JournalError):
                    journal.append(OUTCOME)
        assert path.stat().st_size > size
        journal.append(OUTCOME)
    assert read_journal(path) == (INTENT, OUTCOME)


def _refuse(descriptor: int, length: int) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be written"):
        FileJournal(tmp_path / "no" / "journal")


def test_no_journal_has_no_records(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "journal") == ()


@pytest.mark.parametrize(
    "line",
    [
        *(
            "no json",
            "[]",
            '{"version": 1, "record": "Other"}',
            '{"version": 1, "record": "Closed"}',
            '{"a": 1}',
        ),
        '{"version": 2, "record": "Closed", "outcome": []}',
        '{"version": 2, "record": "Announced", "objects": [{"kind": "a", "name": ["b"]}]}',
        '{"version": 2, "record": "Outcome", "step": "a", "outcome": "passed", "exit_code": 0, "ended": NaN,'
        ' "made": [], "removed": []}',
        '{"version": 2, "record": ' + "[" * 20_000,
    ],
)
def test_damage_is_an_error_that_names_the_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.append(INTENT)
    with path.open("a") as file:
        file.write(f"{line}\n")
    for read in (read_journal, FileJournal):
        with pytest.raises(JournalError, match="damaged in line 2"):
            read(path)


def test_another_form_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text(json.dumps({"version": 3, "record": "Closed", "outcome": "passed", "kept": False}) + "\n")
    with pytest.raises(JournalError, match=r"has the form 3; this program reads the forms 1 and 2\."):
        read_journal(path)


def test_a_journal_of_the_form_before_is_read_and_written_on(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path) as journal:
        journal.append(INTENT)
    path.write_text(path.read_text().replace('"version":2', '"version":1'))
    with opened(path) as journal:
        journal.append(OUTCOME)
    assert read_journal(path) == (INTENT, OUTCOME)


def test_the_journal_is_the_users_alone_and_not_inherited(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with opened(path):
        assert path.stat().st_mode & 0o777 == 0o600
        descriptors = [int(each.name) for each in Path("/proc/self/fd").iterdir() if _is_at(each, path)]
        assert [os.get_inheritable(each) for each in descriptors] == [False]


def _is_at(descriptor: Path, path: Path) -> bool:
    return descriptor.exists() and descriptor.resolve() == path


@contextmanager
def _file_size_limit(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
