"""What the journal holds of a run: plain frozen records, written before and after each command.

The engine makes and reads them; `tutorial.journal` puts them on disk and back. Rollback and
resume know nothing of a run but these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tutorial.steps.model import ObjectReference


@dataclass(frozen=True)
class Intent:
    """Before a command runs. References are final: `${NAME}` filled in, namespace present where
    the kind has one. `absent` are the objects of `creates` that were not there; `present` those
    that were (used, never deleted: a namespace made beforehand). `doomed` are the objects of
    `deletes` as they are now, so that undo can put them back. `server_time` is the API server's
    clock, seconds since the epoch. `sent` is the text that the command can hand to the cluster:
    itself with values filled in, and the files it names. `cleanup` and `by_hand` are the step's,
    so that rollback needs no step file."""

    step: str
    command: str
    server_time: float
    absent: tuple[ObjectReference, ...] = ()
    present: tuple[ObjectReference, ...] = ()
    doomed: tuple[Made, ...] = ()
    sent: str = ""
    cleanup: tuple[str, ...] = ()
    by_hand: str = ""


@dataclass(frozen=True)
class Made:
    """An object of this run, by its identity. `manifest` is kept only where undo may need it."""

    reference: ObjectReference
    uid: str
    manifest: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """After a command: `outcome` as in `StepEnded`; `made` are the objects that are there now
    and were absent at the intent; `removed` are uids of objects of this run that the step
    deleted. A step that was skipped has an outcome and no intent."""

    step: str
    outcome: str
    exit_code: int
    made: tuple[Made, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """Objects that an edited command or an opened shell made outside any `creates`: listed at the
    end, never deleted."""

    step: str
    objects: tuple[Made, ...]


@dataclass(frozen=True)
class Undone:
    """One object's undo, or (object None) the whole step's. `left` says what is still there."""

    step: str
    reference: ObjectReference | None = None
    complete: bool = True
    left: str = ""


@dataclass(frozen=True)
class Closed:
    """The run is over: `outcome` as in `RunEnded`. With `kept` it can be resumed or rolled back."""

    outcome: str
    kept: bool = False


Record = Intent | Outcome | Found | Undone | Closed


class Journal(Protocol):
    """The run's write-ahead record. `append` returns when the record is on disk.

    Raises JournalError when it cannot be written: no new step may begin, rollback still runs.
    """

    def append(self, record: Record) -> None: ...

    def records(self) -> Sequence[Record]: ...
