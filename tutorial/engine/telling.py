"""What the reader is told of a step: its first screen, what can be decided at a pause, how it ended.

Called by `tutorial.engine.loop`, which knows where the walk stands and goes; nothing here decides.
"""

from __future__ import annotations

from collections.abc import Iterable

from tutorial.engine.context import Context
from tutorial.engine.decisions import Pause, PauseKind
from tutorial.engine.diagnosis import DONE
from tutorial.engine.events import StepEnded, StepStarted
from tutorial.engine.history import last_outcomes
from tutorial.engine.plan import PlannedStep
from tutorial.expect.verdict import Verdict


def tell_step(context: Context, planned: PlannedStep) -> None:
    """Show the step, before or after its command."""
    plan, step = context.plan, planned.step
    context.emitter.emit(
        StepStarted,
        step=step.id,
        number=planned.number,
        total=plan.total,
        section=plan.section(step),
        title=plan.fill(step.title),
        explain=plan.fill(step.explain),
        command=context.tools.masker.mask(plan.fill(step.command)),
        sample=plan.fill(step.sample),
        aside=step.aside,
        notes=plan.notes(step),
    )


def pause_at(context: Context, planned: PlannedStep, kind: PauseKind, verdict: Verdict | None) -> Pause:
    """The pause of this kind at the step; `verdict` is that of its last attempt."""
    plan = context.plan
    outcomes = last_outcomes(context.ledger.records())
    return Pause(
        kind=kind,
        step=planned.step,
        number=planned.number,
        total=plan.total,
        command=plan.fill(planned.step.command),
        dependants=tuple(plan.fill(step.title) for step in plan.dependants(planned.step.id)),
        steps=tuple(each.step for each in plan.steps),
        done=frozenset(step for step, outcome in outcomes.items() if outcome in DONE),
        verdict=verdict,
        sections=plan.tutorial.sections,
    )


def tell_end(
    context: Context, step_id: str, outcome: str, *, seconds: float = 0.0, after: str = "", reason: str = ""
) -> None:
    """Tell how the step ended; see `StepEnded`."""
    context.emitter.emit(
        StepEnded, step=step_id, outcome=outcome, seconds=seconds, after=after, reason=reason
    )


def tell_undone(context: Context, step_ids: Iterable[str]) -> None:
    """Tell that these steps are undone."""
    for step_id in step_ids:
        tell_end(context, step_id, "undone")


def why_not(context: Context, planned: PlannedStep) -> str:
    """Why the step cannot be done, when a step that it needs was not; empty when it can."""
    plan = context.plan
    outcomes = last_outcomes(context.ledger.records())
    for needed in planned.step.needs:
        position = plan.position(needed)
        if position is not None and outcomes.get(needed) not in DONE:
            title = plan.fill(plan.steps[position].step.title)
            return f'It needs the step "{title}", which is not done ({outcomes.get(needed, "not run")}).'
    return ""
