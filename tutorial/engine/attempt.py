"""One step's command, once: intent, run, observe, verdict, outcome.

Called by `tutorial.engine.loop` for a step at its pause, and by `tutorial.engine.quiet` for steps
that are done without being shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tutorial.engine.adoption import set_aside
from tutorial.engine.command import run_command
from tutorial.engine.context import Context
from tutorial.engine.diagnosis import diagnose, why_it_failed
from tutorial.engine.events import VerdictReached
from tutorial.engine.history import announced_objects, owned_objects
from tutorial.engine.judge import capture, judge
from tutorial.engine.kubectl_words import found_there
from tutorial.engine.manifests import recreatable
from tutorial.engine.own_changes import noting_own_changes
from tutorial.engine.ownership import Cleared, Refused, before_step
from tutorial.engine.ports import CommandResult, ObjectState
from tutorial.engine.records import Intent, Made, Outcome
from tutorial.engine.waiting import wait_until
from tutorial.errors import JournalError, NotReadyError, TutorialError, in_words
from tutorial.expect.verdict import Mismatch, Verdict
from tutorial.steps.model import ObjectReference, Step


@dataclass(frozen=True)
class Attempt:
    """How it went: `outcome` is `passed`, `failed`, `interrupted`, `skipped` or `already`.
    `verdict` is None when nothing ran; then `reason` says why. `not_ready`: as in `Diagnosis`."""

    outcome: str
    verdict: Verdict | None = None
    reason: str = ""
    not_ready: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class _Recorded:
    """What the command made, as far as the cluster could be asked; `trouble` says why not."""

    made: tuple[Made, ...]
    trouble: TutorialError | None


def attempt_step(context: Context, step: Step, command: str) -> Attempt:
    """Run `command` as this step's and record what became of it.

    Raises:
        JournalError: the intent could not be written, or the carried state before; nothing has run.
    """
    started = context.clock.monotonic()
    try:
        cleared = before_step(context, step, command)
        if isinstance(cleared, Cleared) and announced_objects(context.ledger.records()):
            cleared = _with_place_made(context, step, cleared)
    except JournalError:
        raise
    except TutorialError as error:
        return unable(context, step, error)
    if isinstance(cleared, Refused):
        context.ledger.note(Outcome(step.id, cleared.outcome, 0))
        return Attempt(cleared.outcome, reason=cleared.reason)
    if context.failure is not None:
        raise context.failure
    context.ledger.begin(cleared.intent)
    if cleared.already:
        context.ledger.note(Outcome(step.id, "already", 0))
        names = ", ".join(map(str, cleared.intent.present))
        return Attempt("already", reason=f"{names} was there and empty: it is used, and stays at the end.")
    attempt = _run(context, step, cleared.intent)
    seconds = context.clock.monotonic() - started
    return Attempt(attempt.outcome, attempt.verdict, attempt.reason, attempt.not_ready, seconds)


def _with_place_made(context: Context, step: Step, cleared: Cleared) -> Cleared | Refused:
    """Set aside what is in the places of the step's objects; refused when that cannot be."""
    reason = set_aside(context, step, cleared.replaced)
    return Refused(reason) if reason else cleared


def _run(context: Context, step: Step, intent: Intent) -> Attempt:
    result, verdict = _run_with_retries(context, step, intent.command)
    failed = result
    outcome = _outcome_of(result, verdict)
    others = _others(context, intent, step, result)
    made: tuple[Made, ...] = ()
    if outcome == "passed" and step.until is not None:
        made = _record(context, step, intent, "begun", result, others=others).made
        waited = wait_until(context, step, step.until)
        verdict, outcome, failed = waited.verdict, waited.outcome, waited.result
    if outcome == "passed" and (lacking := capture(context, step, result)):
        verdict, outcome = Verdict(lacking), "failed"
    trouble = _record(context, step, intent, outcome, result, others=others, made=made).trouble
    if outcome != "failed":
        context.emitter.emit(VerdictReached, step=step.id, verdict=verdict)
        return Attempt(outcome, verdict)
    diagnosis = why_it_failed(context, step, intent, failed, trouble)
    verdict = diagnosis.explain(verdict)
    context.emitter.emit(VerdictReached, step=step.id, verdict=verdict)
    diagnose(context, step)
    return Attempt(outcome, verdict, not_ready=diagnosis.not_ready)


def _run_with_retries(context: Context, step: Step, command: str) -> tuple[CommandResult, Verdict]:
    """Run the command; again on failure where the step says so."""
    attempts = step.retry.attempts if step.retry is not None and step.repeatable else 1
    number = 1
    while True:
        before = context.shell.variables()
        with noting_own_changes(context.tools):
            result = run_command(
                context.tools,
                context.shell,
                step.id,
                "command" if number == 1 else "retry",
                command,
                shown=context.plan.fill(command),
                timeout=step.timeout,
                attempt=number,
            )
        verdict = judge(context, step.expect, result, before=before, hints=step.hints)
        if verdict.passed or result.ended_by == "interrupt" or number >= attempts or step.retry is None:
            return result, verdict
        context.clock.sleep(step.retry.interval)
        if context.stopper.pending():
            return result, verdict
        number += 1


def _outcome_of(result: CommandResult, verdict: Verdict) -> str:
    if result.ended_by == "interrupt":
        return "interrupted"
    return "passed" if verdict.passed else "failed"


def _record(
    context: Context,
    step: Step,
    intent: Intent,
    outcome: str,
    result: CommandResult,
    *,
    others: tuple[ObjectReference, ...],
    made: tuple[Made, ...] = (),
) -> _Recorded:
    """Write the outcome with what the command made and removed; `made` is what is known of it already.
    A cluster that cannot be asked is told to the caller; rollback will ask again."""
    removed: Sequence[str] = ()
    trouble = None
    ended = 0.0
    known = {*(each.reference for each in made), *others}
    try:
        there = context.cluster.lookup_all([each for each in intent.absent if each not in known])
        made += tuple(_made(state) for state in there.values() if state is not None)
        removed = _removed(context, intent)
        if len(made) + len(others) < len(intent.absent):
            ended = context.cluster.server_time()
    except TutorialError as error:
        trouble = error
    context.ledger.note(Outcome(step.id, outcome, result.exit_code, made, tuple(removed), others, ended))
    return _Recorded(made, trouble)


def _others(
    context: Context, intent: Intent, step: Step, result: CommandResult
) -> tuple[ObjectReference, ...]:
    """What somebody else made after the intent and before the command could. Of a command that was
    repeated only the last words are known: it may have found what it had made itself."""
    others = found_there(result.output, intent.absent) if step.retry is None else ()
    for reference in others:
        context.emitter.notice(
            f"{reference} is somebody else's: it was made at this very moment, and kubectl found it "
            "there. It is not touched.",
            "warning",
        )
    return tuple(others)


def _made(state: ObjectState) -> Made:
    """The object with what it can be created again from; the journal keeps no Secret's content."""
    keeps = state.reference.kind != "secret"
    return Made(state.reference, state.uid, recreatable(state.manifest) if keeps else {})


def _removed(context: Context, intent: Intent) -> list[str]:
    """The uids of this run's objects that the intent doomed and that are gone now."""
    owned = owned_objects(context.ledger.records())
    gone = []
    there = context.cluster.lookup_all([doomed.reference for doomed in intent.doomed])
    for doomed in intent.doomed:
        state = there[doomed.reference]
        if doomed.uid in owned and (state is None or state.uid != doomed.uid):
            gone.append(doomed.uid)
    return gone


def unable(context: Context, step: Step, error: TutorialError) -> Attempt:
    """The cluster could not be asked before the step, so nothing has run: the step has failed."""
    context.ledger.note(Outcome(step.id, "failed", 0))
    if context.cluster.is_gone():
        again = f"Start again: egress-tutorial run {context.plan.tutorial.name}"
        error = NotReadyError("The sandbox has ended, and everything in it.", do=again)
    mismatch = Mismatch("cluster", "reachable", "an answer", error.why or error.what, error.what)
    return Attempt(
        "failed",
        Verdict((mismatch,), cause=error.why, fix=error.do),
        reason=f"{in_words(error)} {error.do}".strip(),
        not_ready=isinstance(error, NotReadyError),
    )
