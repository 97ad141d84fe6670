"""`u`: undo steps one by one; a step that deleted is undone by making its objects again.

Called by `tutorial.engine.loop`, by `recheck` for what was lost, and by `resume` for a step that was cut off.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from tutorial.engine.context import Context
from tutorial.engine.diagnosis import DONE
from tutorial.engine.events import ObjectUndone
from tutorial.engine.history import Begun, ever_made, find_begun, last_outcomes
from tutorial.engine.patience import Patience, Stopped
from tutorial.engine.putting_back import PuttingBack
from tutorial.engine.quiet import recapture
from tutorial.engine.records import Intent, Made, Outcome, Undone
from tutorial.engine.removal import Remover
from tutorial.errors import TutorialError


def steps_to_undo(context: Context, step_id: str) -> list[str]:
    """The step and every done step that needs it, last first: the order to undo them in."""
    outcomes = last_outcomes(context.ledger.records())
    dependants = [step.id for step in context.plan.dependants(step_id) if outcomes.get(step.id) in DONE]
    return [*reversed(dependants), step_id]


def undo_steps(context: Context, step_ids: Iterable[str]) -> bool:
    """Undo the steps in this order; false when something is still there (a notice says what). A Ctrl-C
    stops it and stays pending.

    Raises:
        JournalError: an intent could not be written.
    """
    remover = Remover(context.tools, purpose="undo")
    restored: set[str] = set()
    complete = True
    try:
        for step_id in step_ids:
            begun = find_begun(context.ledger.records(), step_id)
            undone = begun is None or (remover.remove(begun) and not remover.remove_late([begun]))
            restored |= _restore(context, begun, remover.patience) if begun else set()
            putting_back = PuttingBack(context.tools, remover.patience, {step_id})
            undone = putting_back.run() and undone
            context.ledger.note(Undone(step_id, None, undone))
            complete = complete and undone
        if restored:
            complete = recapture(context, restored) is None and complete
    except Stopped:
        complete = False
    except TutorialError as error:
        if error is context.failure:
            raise
        context.emitter.notice(error.in_one_line(), "warning")
        complete = False
    for command in remover.left:
        context.emitter.notice(f"Still there. To remove it: {command}", "warning")
    return complete


def _restore(context: Context, begun: Begun, patience: Patience) -> set[str]:
    """Make again what the step deleted; the ids of the steps that had made it."""
    made_before = ever_made(context.ledger.records())
    makers: set[str] = set()
    for doomed in begun.intents[-1].doomed:
        if doomed.uid not in made_before or not doomed.manifest:
            continue
        state = patience.call(context.cluster.lookup, doomed.reference)
        if state is not None and state.uid == doomed.uid and state.terminating:
            patience.until_free(doomed.reference, doomed.uid, do="Undo the step again later.")
        elif state is not None:
            continue
        maker = made_before[doomed.uid][0]
        make_again(context, begun.step, maker, doomed)
        makers.add(maker)
    return makers


def make_again(context: Context, step: str, maker: str, doomed: Made) -> None:
    """Create the object as the doing of the step that had made it before, so that it is undone
    with that one.

    Args:
        step: the step that is told to be at work.

    Raises:
        JournalError: the intent could not be written.
        NotReadyError: the cluster does not take it.
    """
    context.ledger.begin(
        Intent(
            step=maker,
            command="",
            server_time=context.cluster.server_time(),
            absent=(doomed.reference,),
            sent=json.dumps(doomed.manifest),
        )
    )
    state = context.cluster.restore(doomed.manifest)
    made = Made(doomed.reference, state.uid, doomed.manifest)
    context.ledger.note(Outcome(maker, "passed", 0, made=(made,), removed=(doomed.uid,)))
    context.emitter.emit(ObjectUndone, step=step, object=str(doomed.reference), outcome="restored")
