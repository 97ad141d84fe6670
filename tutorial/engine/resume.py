"""Coming back to a run: re-check what is there, re-do what is missing, stand at the same step.

Called by `tutorial.engine.run` in place of the guard.
"""

from __future__ import annotations

from collections.abc import Mapping

from tutorial.engine.context import Context
from tutorial.engine.diagnosis import DONE
from tutorial.engine.history import adopted_objects, begun_steps, last_outcomes, owned_objects
from tutorial.engine.patience import Patience, Stopped
from tutorial.engine.ports import Stop
from tutorial.engine.quiet import sets_variables
from tutorial.engine.records import Undone
from tutorial.engine.undo import undo_steps
from tutorial.errors import NotReadyError, StoppedError
from tutorial.steps.model import ObjectReference


def settle(context: Context) -> None:
    """Undo what a cut-off step may have made, and forget objects that are gone.

    Raises:
        NotReadyError: the cluster cannot be asked, a cut-off step cannot be undone, or something that is
            being deleted does not go.
        StoppedError: a Ctrl-C stopped it.
    """
    records = context.ledger.records()
    outcomes = last_outcomes(records)
    began = [*(each.step for each in begun_steps(records)), *(step for step, _ in adopted_objects(records))]
    for step in reversed(dict.fromkeys(began)):
        if outcomes.get(step) not in DONE and not undo_steps(context, [step]):
            if context.stopper.pending() is Stop.INTERRUPT:
                raise _stopped()
            raise NotReadyError(
                f"The step {step}, which was cut off, could not be undone.",
                do="Put everything back: egress-tutorial rollback",
            )
    owned = owned_objects(context.ledger.records())
    there = context.cluster.lookup_all([made.reference for _, made in owned.values()])
    going: dict[str, tuple[str, ObjectReference]] = {}
    for uid, (step, made) in owned.items():
        state = there[made.reference]
        if state is None or state.uid != uid:
            context.ledger.note(Undone(step, made.reference))
        elif state.terminating:
            going[uid] = (step, made.reference)
    _see_off(context, going)


def _see_off(context: Context, going: Mapping[str, tuple[str, ObjectReference]]) -> None:
    """Wait for objects that are being deleted, as a namespace is for seconds after a rollback that was
    cut off: nothing can be made in their places before.

    Args:
        going: by uid, each with its step.
    """
    try:
        patience = Patience(context.tools)
        left = patience.until_gone([(place, uid) for uid, (_, place) in going.items()])
        held = " ".join(filter(None, map(patience.what_holds, left.values())))
    except Stopped:
        raise _stopped() from None
    if left:
        names = ", ".join(str(place) for place, _ in left)
        raise NotReadyError(
            f"{names} {'is' if len(left) == 1 else 'are'} still being deleted.",
            why=held,
            do="Try again in a while. Or put everything back: egress-tutorial rollback",
        )
    for step, place in going.values():
        context.ledger.note(Undone(step, place))


def _stopped() -> StoppedError:
    return StoppedError("It was stopped before it went on; what was made is kept.")


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
