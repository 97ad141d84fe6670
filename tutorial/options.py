"""What the command line may ask of a run. Made by `tutorial.cli`; read by `tutorial.app`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


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
