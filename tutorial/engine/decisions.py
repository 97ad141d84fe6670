"""What comes back into the engine from a person (or from `--auto`): a Pause asks, a Decision answers.

Pauses are made by `tutorial.engine.loop`; answered by `tutorial.ui.prompts` and `tutorial.ui.auto`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tutorial.expect.verdict import Verdict
from tutorial.steps.model import Step


class PauseKind(Enum):
    """Where the engine stands while it asks."""

    BEFORE = "before the step's command"
    AFTER = "after the step passed"
    FAILED = "after the step failed"
    INTERRUPTED = "after Ctrl-C stopped the command"
    CLEANUP = "before the cleanup section: everything is still here"


class Action(Enum):
    """What the person wants."""

    RUN = "run"  # at AFTER and CLEANUP: go on to the next step
    BACK = "back"  # look back at the previous step; nothing is undone
    UNDO = "undo"
    AGAIN = "again"
    SKIP = "skip"
    EDIT = "edit"  # run `Decision.text` in place of the step's command
    JUMP = "jump"  # to step `Decision.text` (an id)
    REST = "rest"  # the rest of this section in one go
    SHELL = "shell"  # a shell with the run's environment
    QUIT = "quit"  # end and roll back
    KEEP = "keep"  # end and keep everything for `resume`


@dataclass(frozen=True)
class Decision:
    action: Action
    text: str = ""


@dataclass(frozen=True)
class Pause:
    """Everything a prompt may show. `command` is the step's command with values filled in;
    `dependants` are titles of the steps that need this one; `sections` maps a section's folder name
    to its title."""

    kind: PauseKind
    step: Step
    number: int
    total: int
    command: str
    dependants: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    done: frozenset[str] = frozenset()
    verdict: Verdict | None = None
    sections: Mapping[str, str] = field(default_factory=dict)
