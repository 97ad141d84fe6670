"""What happens in a run, as events: plain frozen data and their JSON.

The engine emits them; the journal, the views and the recorders consume them, in that order.
`to_json` is the form of `-o jsonl`; `schema` numbers that form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any

from tutorial.expect.verdict import Verdict
from tutorial.text.escapes import safe_text

SCHEMA = 1


@dataclass(frozen=True)
class Event:
    """Base of all events; `time` is seconds since the epoch, from the engine's clock."""

    time: float


@dataclass(frozen=True)
class StepSummary:
    """What a view needs to know of a step before it begins. `number` counts from 1 over the
    steps that are not asides; an aside has number 0."""

    id: str
    number: int
    title: str
    section: str
    aside: bool


@dataclass(frozen=True)
class RunStarted(Event):
    """`backend` is `sandbox`, `cluster`, `replay` or `none`; `backend_label` is what the screen
    shows (`sandbox`, `cluster: kind`). `variables` are the run's settings, masked."""

    run_id: str
    tutorial: str
    title: str
    backend: str
    backend_label: str
    variables: Mapping[str, str]
    steps: tuple[StepSummary, ...]
    resumed: bool = False


@dataclass(frozen=True)
class StepStarted(Event):
    """The step stands at its pause: nothing has run yet. Texts have their values filled in;
    `notes` are those that hold here: what stands in for what."""

    step: str
    number: int
    total: int
    section: str
    title: str
    explain: str
    command: str
    sample: str
    aside: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CommandStarted(Event):
    """`purpose` is `command`, `until`, `retry`, `control`, `diagnose`, `cleanup` or `undo`."""

    step: str
    purpose: str
    command: str
    attempt: int = 1


@dataclass(frozen=True)
class OutputReceived(Event):
    """Output as it came, made safe by the escape filter and masked. `stream` is `stdout` or
    `stderr`."""

    step: str
    purpose: str
    stream: str
    text: str


@dataclass(frozen=True)
class CommandEnded(Event):
    """`exit_code` is bash's, 128+n for a signal; `ended_by` is `exit`, `timeout` or `interrupt`;
    `state_saved` is false when the command left no state behind (`exec`, a trap of its own)."""

    step: str
    purpose: str
    exit_code: int
    seconds: float
    ended_by: str = "exit"
    state_saved: bool = True


@dataclass(frozen=True)
class Waiting(Event):
    """An `until` that does not hold yet: try `attempt`, `elapsed` of `timeout` seconds. Without a `step`
    undoing waits: for an API server that is away, or for objects to be gone."""

    step: str
    attempt: int
    elapsed: float
    timeout: float


@dataclass(frozen=True)
class VerdictReached(Event):
    """The step's output was held against its expectations."""

    step: str
    verdict: Verdict


@dataclass(frozen=True)
class StepEnded(Event):
    """`outcome` is `passed`, `failed`, `skipped`, `undone` or `already`(done before the run).
    `after` is what to point at in the output, values filled in."""

    step: str
    outcome: str
    seconds: float
    after: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Noticed(Event):
    """Something the reader should know. `level` is `info` or `warning`."""

    level: str
    text: str


@dataclass(frozen=True)
class RollbackStarted(Event):
    """`objects` is how many objects, `steps` how many begun steps are to be undone. `run_id` is that of a
    run that was left; empty at the end of a run, which has told its own."""

    steps: int
    objects: int
    run_id: str = ""


@dataclass(frozen=True)
class ObjectUndone(Event):
    """One object of a begun step. `outcome` is `deleted`, `gone` (was not there any more),
    `restored`, `put back` (it was there before the run), `foreign` (not ours: left), `blocked` (a
    finalizer holds it) or `failed`."""

    step: str
    object: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True)
class RollbackEnded(Event):
    """`left` holds, for each thing that is still there, the command that removes it; `saved`, for each
    object that was there before the run and could not be put back, the command that creates it; `run_id`
    as in `RollbackStarted`."""

    complete: bool
    left: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    run_id: str = ""


@dataclass(frozen=True)
class RunEnded(Event):
    """`outcome` is `passed`, `failed`, `quit`, `kept` or `stopped`(by a signal). `kept` is true
    when everything is still there for `resume`, whatever the outcome."""

    outcome: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    exit_code: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    kept: bool = False


def made_safe(event: Event) -> Event:
    """The event with nothing in it that could speak to a terminal. Output is safe already, and keeps
    its colours."""
    if isinstance(event, OutputReceived):
        return event
    return replace(event, **{each.name: _safe(getattr(event, each.name)) for each in fields(event)})


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, tuple):
        return tuple(map(_safe, value))
    if isinstance(value, Mapping):
        return {key: _safe(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _safe(getattr(value, each.name)) for each in fields(value)})
    return value


def to_json(event: Event) -> dict[str, object]:
    """The event as JSON-ready data: `{"event": "StepStarted", "schema": 1, ...}`."""
    return {"event": type(event).__name__, "schema": SCHEMA, **asdict(event)}
