"""After a failure: is the cluster or the outside the cause or is this step wrong, and what else is worth
knowing.

Called by `tutorial.engine.attempt`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tutorial.engine.access_problem import access_problem
from tutorial.engine.by_hand import free_command
from tutorial.engine.command import run_command
from tutorial.engine.context import Context
from tutorial.engine.history import last_outcomes
from tutorial.engine.holding import finalizers_of, holders
from tutorial.engine.judge import judge
from tutorial.engine.ports import CommandResult, ObjectState, Stop
from tutorial.engine.records import Intent
from tutorial.errors import NotReadyError, TutorialError
from tutorial.expect.verdict import Verdict
from tutorial.steps.model import Step

DONE = frozenset({"passed", "already"})
"""Outcomes after which a step counts as done."""


_OUTSIDE_DOWN = "The outside is down, not this step: the same request fails without it, too."
_WAIT = "Try again later, or check the way out to the internet."


@dataclass(frozen=True)
class Diagnosis:
    """Why a step failed, as far as that is known beyond its hints.

    Args:
        is_certain: it outranks what a hint says.
        not_ready: it is not the step's fault: the cluster or the outside is not as it must be.
    """

    cause: str = ""
    fix: str = ""
    is_certain: bool = True
    not_ready: bool = False

    def explain(self, verdict: Verdict) -> Verdict:
        """The verdict with this cause, unless it has a better one."""
        if not self.cause or (verdict.cause and not self.is_certain):
            return verdict
        return replace(verdict, cause=self.cause, fix=self.fix)


def why_it_failed(
    context: Context, step: Step, intent: Intent, result: CommandResult, trouble: TutorialError | None
) -> Diagnosis:
    """Look for the cause, the nearest first: what kubectl said, what the cluster answered the runner,
    what holds a deletion, and only then whether the outside is down.

    Args:
        result: of the command that did not do what was expected.
        trouble: what went wrong when the cluster was asked what the command had made.
    """
    if diagnosis := _from_kubectl(context, result):
        return diagnosis
    if trouble is not None:
        cause = f"{trouble.what} {trouble.why}".strip()
        return Diagnosis(cause, trouble.do, not_ready=isinstance(trouble, NotReadyError))
    if result.ended_by == "timeout" and (diagnosis := _holding(context, intent)):
        return diagnosis
    if context.stopper.pending() is not Stop.NONE:
        return Diagnosis()
    if step.control is None:
        return Diagnosis(not_ready=_is_control(context, step) and result.exit_code != 0)
    return _asking_control(context, step, step.control)


def _from_kubectl(context: Context, result: CommandResult) -> Diagnosis | None:
    """What kubectl said of the cluster, when that is why it failed."""
    problem = access_problem(result.stderr, context.tools.kubectl_options)
    if problem is None:
        return None
    masker = context.tools.masker
    cause, fix = masker.mask(problem.cause), masker.mask(problem.fix)
    return Diagnosis(cause, fix, is_certain=problem.is_certain, not_ready=True)


def _holding(context: Context, intent: Intent) -> Diagnosis | None:
    """What keeps an object that the step's command has deleted and waits for."""
    held: list[ObjectState] = []
    try:
        for doomed in intent.doomed:
            state = context.cluster.lookup(doomed.reference)
            if state is not None and state.uid == doomed.uid and state.terminating:
                held += holders(state, context.cluster.namespace_contents)
    except TutorialError:
        return None
    if not held:
        return None
    cause = f"The deletion has begun, but is held by the finalizer {finalizers_of(held)}."
    free = "; ".join(free_command(each.reference, context.tools.kubectl_options) for each in held)
    return Diagnosis(cause, f"Whoever set it has to take it away. If nobody will: {free}")


def _asking_control(context: Context, step: Step, control_id: str) -> Diagnosis:
    """Whether the step's control fails as well: then the outside is down, or the cluster is."""
    control = _runnable_control(context, control_id)
    if control is None:
        return Diagnosis()
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
    if answer.ended_by == "interrupt" or judge(context, control.expect, answer, before=before).passed:
        return Diagnosis()
    return _from_kubectl(context, answer) or Diagnosis(_OUTSIDE_DOWN, _WAIT, not_ready=True)


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
