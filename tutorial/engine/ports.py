"""What the engine needs from outside: ports that `tutorial.app` fills with real rooms.

The engine knows no terminal, no cluster and no clock but those handed to it here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from tutorial.engine.decisions import Decision, Pause
from tutorial.engine.events import Event
from tutorial.errors import JournalError
from tutorial.steps.model import ObjectReference


class Stop(IntEnum):
    """Why the run should stop, mildest first; a signal handler records it, the engine polls it."""

    NONE = 0
    INTERRUPT = 2
    HANGUP = 1
    TERMINATE = 15


class Stopper(Protocol):
    """Signals, as the engine sees them. `fileno` becomes readable when a signal has come."""

    def fileno(self) -> int: ...

    def pending(self) -> Stop:
        """The strongest signal since the last `clear` (TERMINATE and HANGUP outrank INTERRUPT)."""
        ...

    @property
    def interrupts(self) -> int:
        """How many INTERRUPTs came since the last `clear`, whatever outranks them."""
        ...

    def clear(self) -> None:
        """Forget an INTERRUPT that was acted on. TERMINATE and HANGUP stay."""
        ...


@dataclass(frozen=True)
class CommandResult:
    """What a command did. Texts are raw, decoded with replacement; `ended_by` is `exit`,
    `timeout` or `interrupt`."""

    exit_code: int
    stdout: str
    stderr: str
    output: str
    seconds: float
    ended_by: str = "exit"
    state_saved: bool = True


class Shell(Protocol):
    """Runs one command in bash with the run's carried state."""

    def run(
        self,
        command: str,
        *,
        timeout: float,
        on_output: Callable[[str, str], None],
        carry: bool = True,
        steadfast: bool = False,
    ) -> CommandResult:
        """Run `command`; `on_output(stream, text)` gets decoded output as it comes. With
        `carry=False` the state it leaves is thrown away (until, control, diagnose). A signal
        interrupts it; a `steadfast` one (cleanup) only INTERRUPT."""
        ...

    def variables(self) -> Mapping[str, str]:
        """The carried variables, by name (scalars only)."""
        ...

    def set_variable(self, name: str, value: str) -> None: ...

    @property
    def failure(self) -> JournalError | None:
        """Why the carried state is not on disk; None while it is. Commands still run with it, but
        no new step may begin: a rollback after a crash would not have it."""
        ...

    def interactive(self, banner: str) -> None:
        """Open the user's shell on the terminal with the run's environment; returns when it ends."""
        ...


@dataclass(frozen=True)
class ObjectState:
    """An object as the cluster holds it now. Times are seconds since the epoch.

    `owner` says for a person who made it (a field manager); `owners` are the uids of its owner
    references; `last_applied` is kubectl's annotation, JSON text, empty without one.
    """

    reference: ObjectReference
    uid: str
    created: float
    resource_version: str = ""
    finalizers: tuple[str, ...] = ()
    terminating: bool = False
    last_applied: str = ""
    owner: str = ""
    owners: tuple[str, ...] = ()
    manifest: Mapping[str, object] = field(default_factory=dict)


class Cluster(Protocol):
    """Look-ups and deletes of single objects. A backend without a cluster answers None to all.
    Every method raises ClusterAwayError when the API server cannot be reached (rollback waits for
    it then), and another TutorialError when it refuses."""

    def lookup(self, reference: ObjectReference) -> ObjectState | None: ...

    def lookup_all(
        self, references: Sequence[ObjectReference]
    ) -> Mapping[ObjectReference, ObjectState | None]:
        """The same for many, in as few round trips as can be."""
        ...

    def delete(self, reference: ObjectReference, uid: str, version: str = "") -> bool:
        """Delete with `uid` as a precondition, in the background. False when it was not there
        any more or another object has taken its name; with a `version` also when it is no longer
        of that resource version."""
        ...

    def namespace_contents(self, namespace: str) -> Sequence[ObjectState]:
        """Every object in the namespace, of every listable kind, events left out."""
        ...

    def restore(self, manifest: Mapping[str, object]) -> ObjectState:
        """Create the object again from a saved manifest, server-owned fields removed."""
        ...

    def give_back(self, manifest: Mapping[str, object], uid: str) -> None:
        """Let the fields of an object that `restore` made belong again to those who had set them, as the
        saved manifest says; `restore` does so at its end, unless it was cut off."""
        ...

    def rehearse(self, manifest: Mapping[str, object]) -> str:
        """Why this object could not be deleted and created again, in the server's words; empty
        when it could. Nothing is changed."""
        ...

    def server_time(self) -> float:
        """The API server's clock."""
        ...

    def facts(self) -> Mapping[str, str]:
        """What `when` may ask of the cluster, as it is now."""
        ...

    def is_gone(self) -> bool:
        """The cluster has ended for good, and with it every object. Never raises."""
        ...


class Prompter(Protocol):
    """Asks a person, or answers for one (`--auto`)."""

    def decide(self, pause: Pause) -> Decision: ...


class Sink(Protocol):
    """Consumes events: the journal first, then views, then recorders."""

    def handle(self, event: Event) -> None: ...


class Clock(Protocol):
    def forget_keys(self) -> None:
        """Throw away what was typed so far: from here on a key ends a `sleep`, also one that is
        pressed between two of them."""
        ...

    def time(self) -> float: ...

    def monotonic(self) -> float: ...

    def suspended(self) -> float:
        """Seconds that the machine has slept, since some moment that stays the same."""
        ...

    def sleep(self, seconds: float) -> bool:
        """Sleep, or return early when a signal has come or a key was pressed. True exactly when
        a key was pressed."""
        ...
