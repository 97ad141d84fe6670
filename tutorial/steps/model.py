"""The words of a tutorial: Tutorial, Step and their parts. Plain frozen data, no behaviour.

Made by `tutorial.steps.loader`; read by every room further out. Text fields may hold
`${NAME}` references, which the run fills in (commands: by bash itself).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Location:
    """A place in a step file; line and column count from 1."""

    path: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True)
class ObjectReference:
    """`kind/name[@namespace]`: a Kubernetes object that a step makes or removes.

    `kind` is as kubectl spells it, in lower case and singular (`service`, `destinationrule`);
    `namespace` is None where the run's own namespace is meant, or the kind has none.
    """

    kind: str
    name: str
    namespace: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}" + (f"@{self.namespace}" if self.namespace else "")


Condition = Mapping[str, str]
"""`when`: fact or variable name -> version range (`">=1.21"`), or the exact value wanted.
Every entry must hold; an empty mapping always holds."""


@dataclass(frozen=True)
class Alternative:
    """A text that takes another's place where its condition holds."""

    text: str
    when: Condition


@dataclass(frozen=True)
class AdaptedValue:
    """A value that takes the place of a variable's default where its condition holds: `value`, or
    the IPv4 address that the name `address_of` has when the run begins."""

    when: Condition
    value: str = ""
    address_of: str = ""


@dataclass(frozen=True)
class JsonCheck:
    """One value inside JSON output. `path` is dotted (`headers.Host`, `items.0.kind`);
    `pattern` is a regular expression for the value as text, or None when it must only exist."""

    path: str
    pattern: str | None = None


@dataclass(frozen=True)
class StreamExpectation:
    """What one stream (stdout, stderr, or both as `output`) must look like. All parts must hold."""

    contains: tuple[str, ...] = ()
    not_contains: tuple[str, ...] = ()
    like: str | None = None
    elided: str | None = None
    matches: tuple[str, ...] = ()
    equals: str | None = None
    json: tuple[JsonCheck, ...] = ()


@dataclass(frozen=True)
class Expectation:
    """What a command must do. `exit_code` None accepts any."""

    exit_code: int | None = 0
    streams: Mapping[str, StreamExpectation] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    when: Condition = field(default_factory=dict)


@dataclass(frozen=True)
class Until:
    """A read-only command repeated after the step until its expectations hold."""

    command: str
    expect: tuple[Expectation, ...]
    timeout: float = 60.0
    interval: float = 1.0


@dataclass(frozen=True)
class Retry:
    """How often, and how many seconds apart, the step's own command is repeated on failure."""

    attempts: int
    interval: float = 1.0


@dataclass(frozen=True)
class Cleanup:
    """Undo of what `creates` does not cover: bash commands, safe to run twice, and advice
    for doing it by hand."""

    commands: tuple[str, ...] = ()
    by_hand: str = ""


@dataclass(frozen=True)
class Hint:
    """A pattern (regular expression) of a failure's output, its cause and its fix."""

    pattern: str
    cause: str
    fix: str = ""


@dataclass(frozen=True)
class Note:
    """Text for the presenter (`when: {backend: sandbox}` limits it)."""

    text: str
    when: Condition = field(default_factory=dict)


@dataclass(frozen=True)
class Probe:
    """Once the step is done, the tutorial's `outside` is asked behind this command: a command that
    goes into a pod (`kubectl exec POD --`)."""

    behind: str
    when: Condition = field(default_factory=dict)


@dataclass(frozen=True)
class Outside:
    """Something beyond the cluster that the tutorial's pods ask. `command` is one plain command that
    exits with 0 when it answers; `host` is a name that pods of the mesh ask for as it is, so that
    the mesh must let it out."""

    name: str
    command: str
    host: str = ""
    when: Condition = field(default_factory=dict)


@dataclass(frozen=True)
class Sidecar:
    """How the pods of a namespace come to a sidecar: `automatic` (by injection), `manual` (their
    manifests bring it) or `none` (they must not have one)."""

    namespace: str
    sidecar: str
    when: Condition = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One documented command, what to expect of it, and how to undo it.

    `alternatives` are, by the name of a text field (`title`, `explain`, `why`, `after`), the texts
    that take its place where they apply, the first that does.
    """

    id: str
    path: Path
    section: str
    title: str
    command: str
    explain: str = ""
    why: str = ""
    after: str = ""
    expect: tuple[Expectation, ...] = (Expectation(),)
    until: Until | None = None
    repeatable: bool = False
    retry: Retry | None = None
    sample: str = ""
    capture: Mapping[str, str] = field(default_factory=dict)
    creates: tuple[ObjectReference, ...] = ()
    deletes: tuple[ObjectReference, ...] = ()
    cleanup: Cleanup = Cleanup()
    needs: tuple[str, ...] = ()
    when: Condition = field(default_factory=dict)
    aside: bool = False
    control: str | None = None
    hints: tuple[Hint, ...] = ()
    on_fail: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    probe: Probe | None = None
    alternatives: Mapping[str, tuple[Alternative, ...]] = field(default_factory=dict)
    minutes: float = 0.0
    timeout: float = 60.0


@dataclass(frozen=True)
class Tutorial:
    """A folder of steps that is run by name.

    `sections` maps a section's folder name to its title, in order; `requires` is `cluster`
    or `none`; `variables` holds the defaults that `--set` overrides, and `adapted_values` what
    takes their place where the facts say so, the first that holds; `files` is the folder whose
    content is laid into the run's working folder (`samples/`), or None; `outside` and `sidecars` are
    what its steps need besides the cluster, for the checks before a run.
    """

    name: str
    path: Path
    title: str
    summary: str
    requires: str
    variables: Mapping[str, str]
    sections: Mapping[str, str]
    steps: tuple[Step, ...]
    files: Path | None = None
    adapted_values: Mapping[str, tuple[AdaptedValue, ...]] = field(default_factory=dict)
    outside: tuple[Outside, ...] = ()
    sidecars: tuple[Sidecar, ...] = ()
