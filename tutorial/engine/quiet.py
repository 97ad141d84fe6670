"""Steps done without being shown: before `--from`, before a jump, after an undo, on resume.

Used by `tutorial.engine.loop`, `undo` and `resume`.
"""

from __future__ import annotations

from collections.abc import Set

from tutorial.engine.attempt import Attempt, attempt_step
from tutorial.engine.context import Context
from tutorial.engine.diagnosis import DONE
from tutorial.engine.history import find_begun, last_outcomes
from tutorial.engine.plan import PlannedStep
from tutorial.engine.waiting import wait_until
from tutorial.steps.model import Step


def attempt_quietly(context: Context, step: Step) -> Attempt:
    """Do the step; its events are shown only when it does not pass.

    Raises:
        JournalError: its intent could not be written.
    """
    context.emitter.notice(f"Getting ready: {context.plan.fill(step.title)}")
    with context.emitter.held() as release:
        attempt = attempt_step(context, step, _command(context, step))
        if attempt.outcome not in DONE:
            release()
    return attempt


def recapture(context: Context, changed: Set[str]) -> Attempt | None:
    """After the objects of the steps `changed` were made anew: wait for them as their steps do, and
    set the variables again that later done steps took from them. The first attempt that did not
    pass, or None."""
    outcomes = last_outcomes(context.ledger.records())
    for planned in context.plan.steps:
        step = planned.step
        if outcomes.get(step.id) not in DONE:
            continue
        if step.id in changed and step.until is not None:
            with context.emitter.held():
                waited = wait_until(context, step, step.until)
            if waited.outcome != "passed":
                return Attempt(waited.outcome, waited.verdict)
        elif sets_variables(planned) and not changed.isdisjoint(context.plan.needs(step.id)):
            attempt = attempt_quietly(context, step)
            if attempt.outcome not in DONE:
                return attempt
    return None


def _command(context: Context, step: Step) -> str:
    """The command by which the step was done before (it may have been edited), or its own."""
    begun = find_begun(context.ledger.records(), step.id)
    before = [intent.command for intent in begun.intents if intent.command] if begun else []
    return before[-1] if before else step.command


def sets_variables(planned: PlannedStep) -> bool:
    """Whether all that the step does is to set variables, so that it can be done again any time."""
    step = planned.step
    sets = bool(step.capture) or any(expectation.variables for expectation in step.expect)
    return sets and not step.creates and not step.deletes
