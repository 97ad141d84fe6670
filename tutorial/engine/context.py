"""What every part of the engine works with: the plan, the ports, the records and the events.

Made once a run by `tutorial.wiring`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tutorial.engine.emit import Emitter
from tutorial.engine.ledger import Ledger
from tutorial.engine.own_shell import OwnShell
from tutorial.engine.plan import Plan
from tutorial.engine.ports import Clock, Cluster, Shell, Stopper
from tutorial.errors import JournalError
from tutorial.steps.model import ObjectReference
from tutorial.text.masking import Masker


def _no_file(path: str) -> str:
    del path
    return ""


def _no_run(uid: str) -> None:
    del uid


def _nowhere(reference: ObjectReference, manifest: Mapping[str, object]) -> str:
    del reference, manifest
    return ""


@dataclass(frozen=True)
class Limits:
    """How long rollback and undo wait, in seconds.

    Args:
        api: for an API server that is away, in all.
        gone: for deleted objects to be gone; a finalizer that holds one longer is named.
        late: before the proof looks again for what a killed command's request still made.
        cleanup: for one cleanup command.
    """

    api: float = 60.0
    gone: float = 60.0
    late: float = 1.0
    cleanup: float = 60.0


@dataclass(frozen=True)
class Tools:
    """What undo and rollback need: they know nothing of a tutorial, only the records.

    `shell` may be None where no command can run any more. `settings` are the run's, to be filled into
    the commands that a person reads. `kubectl_options` choose the cluster in commands that a person may
    type; `own_shell` knows what else these need. `write_manifest` puts an object in a file of the run's and
    gives its path, empty when that cannot be done.
    """

    shell: Shell | None
    cluster: Cluster
    clock: Clock
    stopper: Stopper
    ledger: Ledger
    emitter: Emitter
    masker: Masker = field(default_factory=Masker)
    limits: Limits = field(default_factory=Limits)
    settings: Mapping[str, str] = field(default_factory=dict)
    kubectl_options: str = ""
    own_shell: OwnShell = field(default_factory=OwnShell)
    write_manifest: Callable[[ObjectReference, Mapping[str, object]], str] = _nowhere

    def by_hand(self, command: str) -> str:
        """A step's command for a person's own shell."""
        carried = self.shell.variables() if self.shell is not None else {}
        return self.own_shell.paste(command, self.settings, carried)


@dataclass(frozen=True)
class OtherRun:
    """Another run of the same user. `standing` says how it stands (`alive since 14:32 (process 18212)`),
    `way_out` how its objects go."""

    id: str
    standing: str
    way_out: str


@dataclass(frozen=True)
class Context:
    """What running steps needs besides `tools`. `shell` is the same as there; `read_file` gives the
    text of a file in the working folder, empty when there is none; `adopt` lets steps replace what is
    there already; `run_of` gives the user's other run that made an object, by uid."""

    plan: Plan
    shell: Shell
    tools: Tools
    read_file: Callable[[str], str] = _no_file
    adopt: bool = False
    run_of: Callable[[str], OtherRun | None] = _no_run

    @property
    def failure(self) -> JournalError | None:
        """Why no new step may begin: the journal or the carried state cannot be written."""
        return self.ledger.failure or self.shell.failure

    @property
    def cluster(self) -> Cluster:
        return self.tools.cluster

    @property
    def clock(self) -> Clock:
        return self.tools.clock

    @property
    def stopper(self) -> Stopper:
        return self.tools.stopper

    @property
    def ledger(self) -> Ledger:
        return self.tools.ledger

    @property
    def emitter(self) -> Emitter:
        return self.tools.emitter
