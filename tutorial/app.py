"""The story of a run, top to bottom: what `run`, `resume`, `rollback` and `status` do.

Called by `tutorial.cli`; opens the rooms, hands them to the engine, and closes them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tutorial.errors import ExitCode
from tutorial.ui.environment import Environment


@dataclass(frozen=True)
class RunOptions:
    """What the command line asked for. `tutorial` is a bundled name or a path; it is empty for
    `resume` and `rollback`, where the run says it. `keep` is `never`, `always` or `failure`;
    `output` is None or `jsonl`."""

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
    context: str | None = None
    kubeconfig: str | None = None
    debug: bool = False


@dataclass(frozen=True)
class RunStatus:
    """One run that is not over. `state` is `running`, `kept` or `interrupted` (its process is
    gone without an end); `step` is the id of the step it stands at; `objects` are still there
    by its journal; `started` is seconds since the epoch."""

    run_id: str
    tutorial: str
    backend_label: str
    state: str
    step: str
    started: float
    objects: tuple[str, ...] = ()


def run_tutorial(options: RunOptions, environment: Environment) -> ExitCode:
    """Run a tutorial from its first step (or `from_step`) to its end and put everything back."""
    raise NotImplementedError


def resume_run(run_id: str | None, options: RunOptions, environment: Environment) -> ExitCode:
    """Go on with a run that was kept or interrupted; None means the only such run."""
    raise NotImplementedError


def rollback_run(run_id: str | None, options: RunOptions, environment: Environment) -> ExitCode:
    """Undo what a kept or interrupted run made; None means every such run."""
    raise NotImplementedError


def status(environment: Environment) -> Sequence[RunStatus]:
    """The runs that are not over."""
    raise NotImplementedError
