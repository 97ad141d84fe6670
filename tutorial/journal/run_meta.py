"""What a run is, as its folder holds it in `run.json`.

Used by `run_folder`, `run_list` and `other_runs`, and made by `tutorial.app`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from tutorial.errors import JournalError
from tutorial.journal.types import check_types

RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,80}")


@dataclass(frozen=True)
class RunMeta:
    """What a run is, as far as it is known before its first step.

    `variables` are the run's settings (`--set` and defaults); `backend` is `sandbox`, `cluster` or
    `none`, empty as long as that is not known, and `backend_parameters` what opens it again; `created`
    is seconds since the epoch; `version` is the program's; `trusted` is the digest of commands that a
    person agreed to; `claims` are the objects that it makes (see `tutorial.journal.other_runs`).
    """

    id: str
    tutorial: str
    path: str
    created: float
    version: str
    variables: Mapping[str, str] = field(default_factory=dict)
    backend: str = ""
    backend_label: str = ""
    backend_parameters: Mapping[str, str] = field(default_factory=dict)
    trusted: str = ""
    claims: tuple[str, ...] = ()


def read_meta(path: Path) -> RunMeta:
    """The `run.json` of a run's folder. Raises JournalError when it cannot be read."""
    try:
        data = json.loads((path / "run.json").read_bytes())
        known = {each.name for each in fields(RunMeta)}
        data["claims"] = tuple(data.get("claims", ()))
        meta = RunMeta(**{name: value for name, value in data.items() if name in known})
        check_types(meta)
        _check_parameters(meta.backend_parameters)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise JournalError(f"{path / 'run.json'} cannot be read.", why=str(error)) from None
    if meta.id != path.name:
        raise JournalError(f"{path / 'run.json'} cannot be read.", why=f"It is of the run {meta.id}.")
    return meta


def _check_parameters(parameters: Mapping[str, str]) -> None:
    """Raises ValueError where they do not say which backend it was; the folder of a sandbox is removed
    once that is dead, so that its name must be one."""
    needed = {"sandbox": ("sandbox",), "cluster": ("context", "kubeconfig"), "none": ()}
    if not parameters:
        return
    missing = set(needed.get(parameters.get("backend", ""), ("backend",))) - set(parameters)
    if missing or not RUN_ID.fullmatch(parameters.get("sandbox", "default")):
        raise ValueError("what it says of its backend is damaged")
