"""Coming back to a run: re-check what is there, re-do what is missing, stand at the same step.

Called by `tutorial.engine.run` in place of the guard.
"""

from __future__ import annotations

from tutorial.engine.context import Context
from tutorial.engine.diagnosis import DONE
from tutorial.engine.history import adopted_objects, begun_steps, last_outcomes, owned_objects
from tutorial.engine.ports import Stop
from tutorial.engine.quiet import sets_variables
from tutorial.engine.records import Undone
from tutorial.engine.undo import undo_steps
from tutorial.errors import NotReadyError, StoppedError


def settle(context: Context) -> None:
    """Undo what a cut-off step may have made, and forget objects that are gone.

    Raises:
        NotReadyError: the cluster cannot be asked, or a cut-off step cannot be undone.
        StoppedError: a Ctrl-C stopped it.
    """
    records = context.ledger.records()
    outcomes = last_outcomes(records)
    began = [*(each.step for each in begun_steps(records)), *(step for step, _ in adopted_objects(records))]
    for step in reversed(dict.fromkeys(began)):
        if outcomes.get(step) not in DONE and not undo_steps(context, [step]):
            if context.stopper.pending() is Stop.INTERRUPT:
                raise StoppedError("It was stopped before it went on; what was made is kept.")
            raise NotReadyError(
                f"The step {step}, which was cut off, could not be undone.",
                do="Put everything back: egress-tutorial rollback",
            )
    for uid, (step, made) in owned_objects(context.ledger.records()).items():
        state = context.cluster.lookup(made.reference)
        if state is None or state.uid != uid:
            context.ledger.note(Undone(step, made.reference))


def standing_at(context: Context) -> int:
    """The position of the first step after the last one that was done or skipped."""
    outcomes = last_outcomes(context.ledger.records())
    last = -1
    for position, planned in enumerate(context.plan.steps):
        if outcomes.get(planned.step.id) in (*DONE, "skipped"):
            last = position
    return last + 1


def steps_to_redo(context: Context) -> list[str]:
    """The done steps whose objects are missing, and those that only set variables, in order.

    Read it after `settle`: an object that a later step deleted is not missing.
    """
    records = context.ledger.records()
    outcomes = last_outcomes(records)
    owned = {(step, made.reference) for step, made in owned_objects(records).values()}
    removed = {
        reference
        for planned in context.plan.steps
        if outcomes.get(planned.step.id) in DONE
        for reference in context.plan.deletes(planned.step)
    }
    redo = []
    for planned in context.plan.steps:
        step = planned.step
        if outcomes.get(step.id) not in DONE:
            continue
        wanted = set(context.plan.creates(step)) - removed
        missing = {reference for reference in wanted if (step.id, reference) not in owned}
        if outcomes[step.id] == "already":
            missing = {reference for reference in wanted if context.cluster.lookup(reference) is None}
        if missing or sets_variables(planned):
            redo.append(step.id)
    return redo
