"""The walk through the steps: show one, ask, do what was decided, until it ends.

Called by `tutorial.engine.run`. Standing somewhere is a position and a kind of pause; a decision
moves from one to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tutorial.engine.attempt import Attempt, attempt_step
from tutorial.engine.context import Context
from tutorial.engine.decisions import Action, Decision, PauseKind
from tutorial.engine.diagnosis import DONE
from tutorial.engine.found import note_found, snapshot
from tutorial.engine.history import begun_steps, last_outcomes
from tutorial.engine.own_changes import noting_own_changes
from tutorial.engine.plan import CLEANUP_SECTION, PlannedStep
from tutorial.engine.ports import Prompter, Stop
from tutorial.engine.probing import probe_outside
from tutorial.engine.quiet import attempt_quietly
from tutorial.engine.recheck import Recheck
from tutorial.engine.records import Outcome
from tutorial.engine.telling import pause_at, tell_end, tell_step, tell_undone, why_not
from tutorial.engine.undo import steps_to_undo, undo_steps


@dataclass(frozen=True)
class Ending:
    """`outcome` is as in `RunEnded`; `stop` is the signal of a run that was `stopped`."""

    outcome: str
    stop: Stop = Stop.NONE


class Walk:
    """One walk through the plan's steps.

    Args:
        auto: nobody is there: a Ctrl-C ends the run.
        position: where to begin.
    """

    def __init__(self, context: Context, prompter: Prompter, *, auto: bool, position: int = 0) -> None:
        self._context = context
        self._steps = context.plan.steps
        self._prompter = prompter
        self._auto = auto
        self._at = position
        self._kind: PauseKind | None = None
        self._last: Attempt | None = None
        self._rest_of = ""
        self._asked_for_cleanup = False
        self._ending: Ending | None = None
        self._recheck = Recheck(context, auto=auto)
        self.not_ready = False

    def run(self) -> Ending:
        """Walk until the last step is done or somebody ends it.

        Raises:
            JournalError: a record could not be written; no step may begin.
        """
        while not self._must_end():
            planned = self._steps[self._at]
            if self._kind is None:
                self._arrive(planned)
            else:
                self._carry_out(self._decide(planned, self._kind), planned, self._kind)
        return self._ending or Ending("failed" if "failed" in self._outcomes().values() else "passed")

    def prepare(self, step_ids: Sequence[str]) -> bool:
        """Do these steps quietly; at the first that does not pass the walk stands there."""
        for step_id in step_ids:
            position = self._context.plan.position(step_id)
            if position is None:
                continue
            if self._must_end():
                return False
            attempt = attempt_quietly(self._context, self._steps[position].step)
            if attempt.outcome not in DONE:
                self._at = position
                self._stand_after(attempt, self._steps[position])
                return False
            probe_outside(self._context, self._steps[position].step)
        return True

    def _outcomes(self) -> dict[str, str]:
        return last_outcomes(self._context.ledger.records())

    def _must_end(self) -> bool:
        """Whether the walk is over; a Ctrl-C that came between commands only ends going on alone."""
        stop = self._context.stopper.pending()
        if stop in (Stop.TERMINATE, Stop.HANGUP) or (stop is Stop.INTERRUPT and self._auto):
            self._ending = Ending("stopped", stop)
        elif stop is Stop.INTERRUPT:
            self._context.stopper.clear()
            self._rest_of = ""
        if self._context.failure is not None:
            raise self._context.failure
        return self._ending is not None or self._at >= len(self._steps)

    def _arrive(self, planned: PlannedStep) -> None:
        """Come to a step: pass it by, look back at it, or stand before it."""
        outcome = self._outcomes().get(planned.step.id)
        if outcome is None and self._begins_cleanup(self._at):
            self._asked_for_cleanup = True
            self._kind = PauseKind.CLEANUP
            return
        reason = why_not(self._context, planned) if outcome not in DONE else ""
        if reason:
            self._context.ledger.note(Outcome(planned.step.id, "skipped", 0))
            tell_end(self._context, planned.step.id, "skipped", reason=reason)
            self.move_to(self._at + 1)
            return
        tell_step(self._context, planned)
        self._kind = PauseKind.AFTER if outcome in DONE else PauseKind.BEFORE

    def _begins_cleanup(self, position: int) -> bool:
        """Whether the cleanup section begins there, and nobody was asked yet."""
        if self._asked_for_cleanup or not 0 < position < len(self._steps):
            return False
        before, here = self._steps[position - 1].step, self._steps[position].step
        return before.section != CLEANUP_SECTION and here.section == CLEANUP_SECTION

    def _decide(self, planned: PlannedStep, kind: PauseKind) -> Decision:
        goes_alone = kind in (PauseKind.BEFORE, PauseKind.AFTER)
        if goes_alone and self._rest_of and planned.step.section == self._rest_of:
            return Decision(Action.RUN)
        if goes_alone or kind is PauseKind.CLEANUP:
            self._rest_of = ""
        try:
            verdict = self._last.verdict if self._last else None
            return self._prompter.decide(pause_at(self._context, planned, kind, verdict))
        except (OSError, EOFError):
            self._ending = Ending("stopped", Stop.HANGUP)
            return Decision(Action.QUIT)

    def _carry_out(self, decision: Decision, planned: PlannedStep, kind: PauseKind) -> None:
        if self._must_end():
            return
        carry_out: dict[Action, Callable[[], None]] = {
            Action.RUN: lambda: self._go_on(planned, kind),
            Action.AGAIN: lambda: self._again(planned, planned.step.command),
            Action.EDIT: lambda: self._edited(planned, decision.text),
            Action.SKIP: lambda: self._skip(planned, kind),
            Action.BACK: lambda: self.move_to(max(0, self._at - 1)),
            Action.UNDO: lambda: self._undo(kind),
            Action.JUMP: lambda: self._jump(decision.text),
            Action.REST: lambda: self._rest(planned, kind),
            Action.SHELL: lambda: self._open_shell(planned),
            Action.QUIT: self._quit,
            Action.KEEP: self._keep,
        }
        carry_out[decision.action]()

    def move_to(self, position: int) -> None:
        """Stand at another step, newly arrived."""
        self._at, self._kind, self._last = position, None, None
        self._recheck.forget()

    def _go_on(self, planned: PlannedStep, kind: PauseKind) -> None:
        if kind is PauseKind.BEFORE:
            if not self._is_held_up(planned):
                self._attempt(planned, planned.step.command)
        elif kind is PauseKind.AFTER:
            self.move_to(self._at + 1)
        elif kind is PauseKind.CLEANUP:
            self.move_to(self._at)
        else:
            self._again(planned, planned.step.command)

    def _is_held_up(self, planned: PlannedStep) -> bool:
        """Whether the step cannot run now; the reader was told why, or stands after its failure."""
        hindrance = self._recheck.hindrance(planned.step)
        if hindrance is None:
            return False
        self._rest_of = ""
        if hindrance.attempt is not None:
            self._stand_after(hindrance.attempt, planned)
        return True

    def _attempt(self, planned: PlannedStep, command: str) -> None:
        attempt = attempt_step(self._context, planned.step, command)
        if attempt.outcome in DONE:
            probe_outside(self._context, planned.step)
        self._stand_after(attempt, planned)

    def _stand_after(self, attempt: Attempt, planned: PlannedStep) -> None:
        """Tell how it ended and stand where that leads."""
        self._last = attempt
        self.not_ready = attempt.not_ready
        after = self._context.plan.fill(planned.step.after) if attempt.outcome == "passed" else ""
        tell_end(
            self._context,
            planned.step.id,
            attempt.outcome,
            seconds=attempt.seconds,
            after=after,
            reason=attempt.reason,
        )
        if attempt.outcome == "failed":
            self._kind = PauseKind.FAILED
            if self._context.cluster.is_gone():  # nothing can be tried again
                self._ending = Ending("failed")
        elif attempt.outcome == "interrupted":
            self._kind = PauseKind.INTERRUPTED
        elif attempt.outcome == "skipped" or self._begins_cleanup(self._at + 1):
            self.move_to(self._at + 1)
        else:
            self._kind = PauseKind.AFTER

    def _again(self, planned: PlannedStep, command: str) -> None:
        """Run it again; what cannot be repeated is undone first."""
        if self._is_held_up(planned):
            return
        begun = {each.step for each in begun_steps(self._context.ledger.records())}
        repeatable = planned.step.repeatable or planned.step.id not in begun
        if repeatable or self._undo_with_dependants(planned.step.id):
            self._attempt(planned, command)

    def _edited(self, planned: PlannedStep, command: str) -> None:
        before = snapshot(self._context)
        self._again(planned, command)
        note_found(self._context, planned.step.id, before)

    def _open_shell(self, planned: PlannedStep) -> None:
        place = f"step {planned.number}" if planned.number else "the aside"
        before = snapshot(self._context)
        with noting_own_changes(self._context.tools):
            self._context.shell.interactive(f"Ctrl-D returns to {place}.")
        note_found(self._context, planned.step.id, before)

    def _skip(self, planned: PlannedStep, kind: PauseKind) -> None:
        if kind is not PauseKind.FAILED:
            self._context.ledger.note(Outcome(planned.step.id, "skipped", 0))
            tell_end(self._context, planned.step.id, "skipped")
        self.move_to(self._at + 1)

    def _undo(self, kind: PauseKind) -> None:
        """Undo this step or, where it has not run, the one done before it; stand before it. Where it was
        told that something is lost: restore that."""
        if self._recheck.restore():
            return
        outcomes = self._outcomes()
        position = self._at
        if kind in (PauseKind.BEFORE, PauseKind.CLEANUP):
            done = [at for at in range(self._at) if outcomes.get(self._steps[at].step.id) in DONE]
            if not done:
                self._context.emitter.notice("There is no step to undo.")
                return
            position = done[-1]
        if self._undo_with_dependants(self._steps[position].step.id):
            self.move_to(position)

    def _undo_with_dependants(self, step_id: str) -> bool:
        step_ids = steps_to_undo(self._context, step_id)
        complete = undo_steps(self._context, step_ids)
        if complete:
            tell_undone(self._context, step_ids)
        return complete

    def _jump(self, step_id: str) -> None:
        """Go to a step; what it needs is done quietly first."""
        position = self._context.plan.position(step_id)
        if position is None:
            self._context.emitter.notice(f"There is no step {step_id}.", "warning")
            return
        outcomes = self._outcomes()
        needs = self._context.plan.needs(step_id) if outcomes.get(step_id) not in DONE else set()
        missing = [
            each.step.id
            for each in self._steps
            if each.step.id in needs and outcomes.get(each.step.id) not in DONE
        ]
        if self.prepare(missing):
            self.move_to(position)

    def _rest(self, planned: PlannedStep, kind: PauseKind) -> None:
        self._rest_of = planned.step.section
        if kind in (PauseKind.BEFORE, PauseKind.AFTER, PauseKind.CLEANUP):
            self._go_on(planned, kind)

    def _quit(self) -> None:
        failed = self._auto and self._kind is PauseKind.FAILED
        self._ending = Ending("failed" if failed else "quit")

    def _keep(self) -> None:
        self._ending = Ending("kept")
