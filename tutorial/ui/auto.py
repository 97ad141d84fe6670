"""Answers pauses for `--auto`: run everything, end at the first failure.

A `Prompter` of the engine; made by `tutorial.app`.
"""

from __future__ import annotations

from tutorial.engine.decisions import Action, Decision, Pause, PauseKind

_ENDS = frozenset({PauseKind.FAILED, PauseKind.INTERRUPTED})


class AutoPrompter:
    """Never asks. Whether an end keeps everything is the run's setting, not a decision."""

    def decide(self, pause: Pause) -> Decision:
        """RUN, or QUIT after a failure or a Ctrl-C."""
        return Decision(Action.QUIT if pause.kind in _ENDS else Action.RUN)
