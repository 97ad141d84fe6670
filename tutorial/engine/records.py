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
    so that rollback needs no step file. `seconds` is how long the command can take at most, 0 where
    that is not known."""

    step: str
    command: str
    server_time: float
    absent: tuple[ObjectReference, ...] = ()
    present: tuple[ObjectReference, ...] = ()
    doomed: tuple[Made, ...] = ()
    sent: str = ""
    cleanup: tuple[str, ...] = ()
    by_hand: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Made:
    """An object by its identity. `manifest` is what it can be created again from; empty where that
    is not needed, or must not be kept (a Secret's)."""

    reference: ObjectReference
    uid: str
    manifest: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """After a command: `outcome` as in `StepEnded`; `made` are the objects that are there now
    and were absent at the intent; `removed` are uids of objects of this run that the step
    deleted; `others` are those that were absent at the intent and that somebody else has made since.
    `ended` is the API server's clock after the command, seconds since the epoch, 0 where it was not
    asked. A step that was skipped has an outcome and no intent."""

    step: str
    outcome: str
    exit_code: int
    made: tuple[Made, ...] = ()
    removed: tuple[str, ...] = ()
    others: tuple[ObjectReference, ...] = ()
    ended: float = 0.0


@dataclass(frozen=True)
class Announced:
    """Objects that were there before the run and that its steps may replace (`--adopt`): told to
    the reader before the first step."""

    objects: tuple[ObjectReference, ...]


@dataclass(frozen=True)
class Adopted:
    """Before the step replaces objects that are not the run's: they are saved whole, with what
    goes when they go. Each is put back unless a `PutBack` of this step says that it was. `homes` are
    the uids of their namespaces, by name, as far as the user may see them: an object goes back only
    into the namespace that it was in."""

    step: str
    objects: tuple[Made, ...]
    homes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PutBack:
    """An adopted object is in its place again, as `uid`; empty where its place is no more."""

    step: str
    reference: ObjectReference
    uid: str


@dataclass(frozen=True)
class Seen:
    """The run's objects in the places of adopted ones, as a command of the run left them: what
    differs from that later is somebody else's change."""

    objects: tuple[Made, ...]


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


Record = Intent | Outcome | Announced | Adopted | PutBack | Seen | Found | Undone | Closed


class Journal(Protocol):
    """The run's write-ahead record. `append` returns when the record is on disk.

    Raises JournalError when it cannot be written: no new step may begin, rollback still runs.
    """

    def append(self, record: Record) -> None: ...

    def records(self) -> Sequence[Record]: ...
