"""Steps and pauses for the tests of `tutorial.ui`."""

from __future__ import annotations

from pathlib import Path

from tutorial.engine.decisions import Pause, PauseKind
from tutorial.expect.verdict import Mismatch
from tutorial.steps.model import Hint, Step

WRONG_HOST = Mismatch(
    "stdout",
    "like",
    "my-httpbin ExternalName <none> httpbin.org 80/TCP",
    "my-httpbin ExternalName <none> httpbin.com 80/TCP",
    'expected "httpbin.org", found "httpbin.com"',
    2,
    32,
)


def make_step(step_id: str, **fields: object) -> Step:
    """A step that says a little of everything."""
    given: dict[str, object] = {
        "id": step_id,
        "path": Path(f"{step_id}.yaml"),
        "section": "Section",
        "title": f"Title of {step_id}",
        "command": f"echo {step_id}",
        "why": "Because of ${NAMESPACE}.",
        "hints": (Hint("refused", "Nobody listens.", "Start it."),),
        **fields,
    }
    return Step(**given)  # type: ignore[arg-type]


def make_pause(kind: PauseKind, step: Step, steps: tuple[Step, ...] = (), **fields: object) -> Pause:
    given: dict[str, object] = {"number": 1, "total": 2, "command": step.command, **fields}
    return Pause(kind, step, steps=steps or (step,), **given)  # type: ignore[arg-type]
