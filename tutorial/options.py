"""What the command line may ask of runs and what it is told: words of `tutorial.app` and `tutorial.cli`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class RunOptions:
    """What the command line asked for. `tutorial` is a bundled name or a path; it is empty for
    `resume` and `rollback`, where the run says it. `keep` is `never`, `always` or `failure`;
    `output` is None or `jsonl`; `trust` and `yes` answer the questions of `tutorial.consent`; `adopt`
    lets steps replace services, endpoints and destination rules that are there already; `wait` is how
    long a rollback waits for an API server that is away, and for what it deleted to be gone, in seconds."""

    tutorial: str = ""
    auto: bool = False
    from_step: str | None = None
    until_step: str | None = None
    keep: str = "never"
    set: Mapping[str, str] = field(default_factory=dict)
    plain: bool = False
    output: str | None = None
    junit: Path | None = None
    asides: bool = False
    adopt: bool = False
    context: str | None = None
    kubeconfig: str | None = None
    trust: bool = False
    yes: bool = False
    debug: bool = False
    wait: float = 60.0


@dataclass(frozen=True)
class RunStatus:
    """One run that is not over. `state` is `running`, `kept` or `interrupted` (its process is
    gone without an end); `step` is the id of the step it stands at; `objects` are still there
    by its journal, `set_aside` is what was there before it and will be put back; `started` is
    seconds since the epoch; `process` is the pid of a running one, `sandbox` the name of the
    sandbox that it is in."""

    run_id: str
    tutorial: str
    backend_label: str
    state: str
    step: str
    started: float
    objects: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    process: int | None = None
    sandbox: str = ""
