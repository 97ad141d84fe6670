"""One run's folder on disk, locked for the process that is in it.

Called by `tutorial.app`, `left_runs`, `forgetting` and `wiring`. A run's folder is `<state home>/runs/<id>/`:

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
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from tutorial.errors import JournalError, NotReadyError, UsageError
from tutorial.journal.atomic import write_atomically
from tutorial.journal.journal import FileJournal
from tutorial.journal.lock import Holder, Lock, holder
from tutorial.journal.paths import make_in_state_home, make_private, or_elsewhere, runs_folder
from tutorial.journal.run_meta import RUN_ID, RunMeta, read_meta
from tutorial.steps.model import ObjectReference
from tutorial.text.times import clock


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
        if not RUN_ID.fullmatch(run_id) or not path.is_dir():
            raise UsageError(f"There is no run {run_id}.", do="See the runs with: egress-tutorial status")
        lock = _take(path, run_id)
        try:
            return cls(path, lock, read_meta(path), FileJournal(path / "journal.jsonl"))
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
