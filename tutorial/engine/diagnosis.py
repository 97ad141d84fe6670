"""After a failure: is the outside down or is this step wrong, and what else is worth knowing.

Called by `tutorial.engine.attempt`.
"""

from __future__ import annotations

from tutorial.engine.command import run_command
from tutorial.engine.context import Context
from tutorial.engine.history import last_outcomes
from tutorial.engine.judge import judge
from tutorial.engine.ports import CommandResult, Stop
from tutorial.steps.model import Step

DONE = frozenset({"passed", "already"})
"""Outcomes after which a step counts as done."""


def outside_is_down(context: Context, step: Step, result: CommandResult) -> bool:
    """Whether the step's control fails as well.

    A step that is itself a control tells the same by a command that ends with an error; an answer
    that is merely not the expected one came from an outside that is up.
    """
    if context.stopper.pending() is not Stop.NONE:
        return False
    if step.control is None:
        return _is_control(context, step) and result.exit_code != 0
    control = _runnable_control(context, step.control)
    if control is None:
        return False
    before = context.shell.variables()
    answer = run_command(
        context.tools,
        context.shell,
        step.id,
        "control",
        control.command,
        shown=context.plan.fill(control.command),
        timeout=control.timeout,
        carry=False,
    )
    return not judge(context, control.expect, answer, before=before).passed and answer.ended_by != "interrupt"


def diagnose(context: Context, step: Step) -> None:
    """Run the step's diagnostics; their output goes to the views and records, no one judges it."""
    for command in step.on_fail:
        if context.stopper.pending() is not Stop.NONE:
            return
        run_command(
            context.tools,
            context.shell,
            step.id,
            "diagnose",
            command,
            shown=context.plan.fill(command),
            timeout=step.timeout,
            carry=False,
        )


def _is_control(context: Context, step: Step) -> bool:
    return any(each.step.control == step.id for each in context.plan.steps)


def _runnable_control(context: Context, control_id: str) -> Step | None:
    """The control step, if what it needs has been done."""
    position = context.plan.position(control_id)
    if position is None:
        return None
    outcomes = last_outcomes(context.ledger.records())
    ready = all(outcomes.get(needed) in DONE for needed in context.plan.needs(control_id))
    return context.plan.steps[position].step if ready else None
