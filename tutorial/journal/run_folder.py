"""One run's folder on disk, and the list of all of them.

Called by `tutorial.app`. A run's folder is `<state home>/runs/<id>/`:

    run.json       RunMeta
    journal.jsonl  the journal
    lock           held (flock) as long as the run's process lives; says which process that is
    work/          the working folder of the run's commands
    shell/         the carried state of the run's shell
    saved/         objects that were there before the run and could not be put back, as manifests
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from tutorial.engine.records import Closed, Record
from tutorial.errors import JournalError, NotReadyError, UsageError
from tutorial.journal.atomic import write_atomically
from tutorial.journal.journal import FileJournal, read_journal
from tutorial.journal.lock import Holder, Lock, holder
from tutorial.journal.paths import make_in_state_home, make_private, or_elsewhere, runs_folder
from tutorial.journal.types import check_types
from tutorial.steps.model import ObjectReference
from tutorial.text.times import clock

KEPT_CLOSED_RUNS = 20
_RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,80}")


@dataclass(frozen=True)
class RunMeta:
    """What a run is, as far as it is known before its first step.

    `variables` are the run's settings (`--set` and defaults); `backend` is `sandbox`, `cluster` or
    `none`, empty as long as that is not known, and `backend_parameters` what opens it again; `created`
    is seconds since the epoch; `version` is the program's; `trusted` is the digest of commands that a
    person agreed to; `claims` are the objects that it makes (see `tutorial.journal.other_runs`).
    """

    id: str
    tutorial: str
    path: str
    created: float
    version: str
    variables: Mapping[str, str] = field(default_factory=dict)
    backend: str = ""
    backend_label: str = ""
    backend_parameters: Mapping[str, str] = field(default_factory=dict)
    trusted: str = ""
    claims: tuple[str, ...] = ()


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


class RunFolder:
    """A run's folder, locked for this process until `close`. Use as a context manager."""

    def __init__(self, path: Path, lock: Lock, meta: RunMeta, journal: FileJournal) -> None:
        self.path = path
        self.meta = meta
        self.journal = journal
        self._lock = lock

    @classmethod
    def create(cls, home: Path, meta: RunMeta) -> RunFolder:
        """Make the folder of a new run under `home` (from `state_home`) and lock it.

        Raises:
            JournalError: the state folder cannot be written, or the id is taken.
        """
        path = make_in_state_home(runs_folder(home)) / meta.id
        if path.exists():
            raise JournalError(f"There is a run {meta.id} already.", do="Start again.")
        try:
            make_private(path)
            make_private(path / "work")
            make_private(path / "shell")
            lock = _take(path, meta.id)
            write_atomically(path / "run.json", json.dumps(asdict(meta)).encode())
            return cls(path, lock, meta, FileJournal(path / "journal.jsonl"))
        except JournalError as error:
            shutil.rmtree(path, ignore_errors=True)
            raise or_elsewhere(error) from None

    @classmethod
    def open(cls, home: Path, run_id: str) -> RunFolder:
        """Lock the folder of a run that is there.

        Raises:
            UsageError: there is no such run.
            NotReadyError: another process is in this run; says which.
            JournalError: its files cannot be read or written.
        """
        path = runs_folder(home) / run_id
        if not _RUN_ID.fullmatch(run_id) or not path.is_dir():
            raise UsageError(f"There is no run {run_id}.", do="See the runs with: egress-tutorial status")
        lock = _take(path, run_id)
        try:
            return cls(path, lock, _read_meta(path), FileJournal(path / "journal.jsonl"))
        except JournalError:
            lock.release()
            raise

    @property
    def work(self) -> Path:
        """The working folder of the run's commands."""
        return self.path / "work"

    @property
    def shell(self) -> Path:
        """Where the run's shell keeps its carried state."""
        return self.path / "shell"

    def update(self, meta: RunMeta) -> None:
        """Replace `run.json` at once. Raises JournalError when it cannot be written."""
        write_atomically(self.path / "run.json", json.dumps(asdict(meta)).encode())
        self.meta = meta

    def write_manifest(self, reference: ObjectReference, manifest: Mapping[str, object]) -> str:
        """Write an object that could not be put back to a file for `kubectl create -f`; the file's
        path, or an empty text when that cannot be written."""
        try:
            path = make_private(self.path / "saved") / manifest_name(reference)
            write_atomically(path, json.dumps(manifest, indent=2).encode())
        except JournalError:
            return ""
        return str(path)

    def forget_state(self) -> None:
        """Delete the carried state, the working folder and saved manifests: after a complete rollback."""
        self.forget_shell()
        for folder in (self.work, self.path / "saved"):
            shutil.rmtree(folder, ignore_errors=True)

    def forget_shell(self) -> None:
        """Delete the carried state, which may hold the user's secrets."""
        shutil.rmtree(self.shell, ignore_errors=True)

    def close(self) -> None:
        """Close the journal and give the lock back."""
        self.journal.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def manifest_name(reference: ObjectReference) -> str:
    """The name of a file that holds this object."""
    return "-".join(filter(None, (reference.namespace, reference.kind, reference.name))) + ".json"


def new_run_id(tutorial: str) -> str:
    """A short, readable id that no other run is likely to have: `externalname-7f3a`."""
    name = re.sub(r"[^a-z0-9]+", "-", tutorial.lower()).strip("-")[:40] or "run"
    return f"{name}-{secrets.token_hex(2)}"


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
    """Delete the folders of closed runs but for the last `keep`."""
    closed = [listing for listing in list_runs(home) if listing.state is RunState.CLOSED]
    for listing in closed[: max(0, len(closed) - keep)]:
        shutil.rmtree(runs_folder(home) / listing.meta.id, ignore_errors=True)


def _run_paths(home: Path) -> list[Path]:
    """What is in the folder of all runs, also where there is no such folder yet.

    Raises:
        JournalError: it cannot be read.
    """
    folder = runs_folder(home)
    try:
        return list(folder.iterdir())
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
    meta = _read_meta(path)
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


def _take(path: Path, run_id: str) -> Lock:
    lock = Lock.take(path / "lock")
    if lock is None:
        user = holder(path / "lock") or Holder()
        process = f"The process {user.process}" if user.process else "Another process"
        raise NotReadyError(
            f"The run {run_id} is in use.",
            why=f"{process} is in it" + (f" since {clock(user.since)}." if user.since else "."),
            do="End it there first, or wait until it has ended.",
        )
    return lock


def _read_meta(path: Path) -> RunMeta:
    try:
        data = json.loads((path / "run.json").read_bytes())
        known = {each.name for each in fields(RunMeta)}
        data["claims"] = tuple(data.get("claims", ()))
        meta = RunMeta(**{name: value for name, value in data.items() if name in known})
        check_types(meta)
        _check_parameters(meta.backend_parameters)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise JournalError(f"{path / 'run.json'} cannot be read.", why=str(error)) from None
    if meta.id != path.name:
        raise JournalError(f"{path / 'run.json'} cannot be read.", why=f"It is of the run {meta.id}.")
    return meta


def _check_parameters(parameters: Mapping[str, str]) -> None:
    """Raises ValueError where they do not say which backend it was; the folder of a sandbox is removed
    once that is dead, so that its name must be one."""
    needed = {"sandbox": ("sandbox",), "cluster": ("context", "kubeconfig"), "none": ()}
    if not parameters:
        return
    missing = set(needed.get(parameters.get("backend", ""), ("backend",))) - set(parameters)
    if missing or not _RUN_ID.fullmatch(parameters.get("sandbox", "default")):
        raise ValueError("what it says of its backend is damaged")
