"""Answers pauses for `--auto`: run everything, end at the first failure.

A `Prompter` of the engine; made by `tutorial.app`.
"""

from __future__ import annotations

from tutorial.engine.decisions import Action, Decision, Pause, PauseKind


class AutoPrompter:
    """Never asks.

    Args:
        keep_on_failure: end with KEEP in place of QUIT when a step fails (`--keep=failure`).
    """

    def __init__(self, *, keep_on_failure: bool = False) -> None:
        self._on_failure = Action.KEEP if keep_on_failure else Action.QUIT

    def decide(self, pause: Pause) -> Decision:
        """RUN, or the end after a failure or a signal."""
        if pause.kind is PauseKind.FAILED:
            return Decision(self._on_failure)
        if pause.kind is PauseKind.INTERRUPTED:
            return Decision(Action.QUIT)
        return Decision(Action.RUN)
