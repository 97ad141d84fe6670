"""The list of all runs of this user: how each stands, which can no longer be read, which may go.

Called by `tutorial.app`, `left_runs` and `other_runs`. It takes no lock.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tutorial.engine.records import Closed, Record
from tutorial.errors import JournalError
from tutorial.journal.journal import read_journal
from tutorial.journal.lock import holder
from tutorial.journal.paths import or_elsewhere, runs_folder
from tutorial.journal.run_meta import RUN_ID, RunMeta, read_meta

KEPT_CLOSED_RUNS = 20
_REMOVED = "."
"""Begins the name of a folder that is being removed."""


class RunState(Enum):
    """How a run stands. INTERRUPTED: its process is gone, and it was never closed. One that ended
    before it knew its backend has nothing to undo or to go on with: it is CLOSED, too."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    KEPT = "kept"
    CLOSED = "closed"


@dataclass(frozen=True)
class RunListing:
    """One run as `status` sees it, without taking its lock. `process` is the pid of a running one,
    and `since` when that has taken the lock, seconds since the epoch."""

    meta: RunMeta
    state: RunState
    records: Sequence[Record]
    process: int | None = None
    since: float = 0.0


def list_runs(home: Path) -> Sequence[RunListing]:
    """Every run, oldest first. A folder that holds no readable run is left out."""
    listings = []
    for path in _run_paths(home):
        try:
            listings.append(_listing(path))
        except JournalError:
            continue
    return sorted(listings, key=lambda listing: listing.meta.created)


def damaged_runs(home: Path) -> dict[Path, str]:
    """The folders of runs that began and can no longer be read, and why: only a person can tell
    what these made. A folder without a journal is of a run that never began."""
    damaged = {}
    for path in _run_paths(home):
        try:
            _listing(path)
        except JournalError as error:
            journal = path / "journal.jsonl"
            if journal.exists() and not (journal.is_file() and journal.stat().st_size == 0):
                damaged[path] = error.why
    return damaged


def prune_closed_runs(home: Path, keep: int = KEPT_CLOSED_RUNS) -> None:
    """Delete the folders of closed runs but for the last `keep`, and what is left of earlier deletions."""
    closed = [listing for listing in list_runs(home) if listing.state is RunState.CLOSED]
    for listing in closed[: max(0, len(closed) - keep)]:
        remove_run(runs_folder(home) / listing.meta.id)
    for left in runs_folder(home).glob(f"{_REMOVED}*"):
        if RUN_ID.fullmatch(left.name.removeprefix(_REMOVED)):
            shutil.rmtree(left, ignore_errors=True)


def remove_run(path: Path) -> None:
    """Delete the folder of a run that is over. It is no run's from the first moment on: a deletion that is
    cut off leaves none that cannot be read."""
    doomed = path.with_name(_REMOVED + path.name)
    with suppress(OSError):
        path.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _run_paths(home: Path) -> list[Path]:
    """What is in the folder of all runs, also where there is no such folder yet.

    Raises:
        JournalError: it cannot be read.
    """
    folder = runs_folder(home)
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(_REMOVED)]
    except FileNotFoundError:
        return []
    except OSError as error:
        unreadable = JournalError(
            f"{folder} cannot be read.",
            why=error.strerror or str(error),
            do="Make that place readable for you.",
        )
        raise or_elsewhere(unreadable) from None


def _listing(path: Path) -> RunListing:
    meta = read_meta(path)
    lock = holder(path / "lock")
    records = read_journal(path / "journal.jsonl")
    state = RunState.RUNNING if lock else _state(meta, records)
    return RunListing(meta, state, records, lock.process if lock else None, lock.since if lock else 0.0)


def _state(meta: RunMeta, records: Sequence[Record]) -> RunState:
    """How a run stands whose process is gone."""
    if not meta.backend and not records:
        return RunState.CLOSED
    last = records[-1] if records else None
    if not isinstance(last, Closed):
        return RunState.INTERRUPTED
    return RunState.KEPT if last.kept else RunState.CLOSED
