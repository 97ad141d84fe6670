"""What every part of the engine works with: the plan, the ports, the records and the events.

Made once a run by `tutorial.app`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tutorial.engine.emit import Emitter
from tutorial.engine.ledger import Ledger
from tutorial.engine.plan import Plan
from tutorial.engine.ports import Clock, Cluster, Shell, Stopper
from tutorial.text.masking import Masker


def _no_file(path: str) -> str:
    del path
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

    `shell` may be None where no command can run any more.
    """

    shell: Shell | None
    cluster: Cluster
    clock: Clock
    stopper: Stopper
    ledger: Ledger
    emitter: Emitter
    masker: Masker = field(default_factory=Masker)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Context:
    """What running steps needs besides `tools`. `shell` is the same as there; `read_file` gives the
    text of a file in the working folder, empty when there is none."""

    plan: Plan
    shell: Shell
    tools: Tools
    read_file: Callable[[str], str] = _no_file

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
