"""`until`: a read-only command repeated after a step until its expectation holds.

Called by `tutorial.engine.attempt`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tutorial.engine.access_problem import access_problem
from tutorial.engine.command import run_command
from tutorial.engine.context import Context
from tutorial.engine.events import Waiting
from tutorial.engine.judge import judge
from tutorial.engine.ports import CommandResult, Stop
from tutorial.expect.verdict import Mismatch, Verdict
from tutorial.steps.model import Step, Until

_LEAST_SECONDS = 1.0
"""The last try gets this long even when less is left."""


@dataclass(frozen=True)
class Waited:
    """`outcome` is `passed`, `failed` or `interrupted`; `result` is the last try's."""

    outcome: str
    verdict: Verdict
    result: CommandResult


def wait_until(context: Context, step: Step, until: Until) -> Waited:
    """Repeat the command until it holds, the time is over, a key is pressed, or a signal comes."""
    started = context.clock.monotonic()
    attempt = 0
    while True:
        attempt += 1
        left = until.timeout - (context.clock.monotonic() - started)
        before = context.shell.variables()
        result = run_command(
            context.tools,
            context.shell,
            step.id,
            "until",
            until.command,
            shown=context.plan.fill(until.command),
            timeout=max(_LEAST_SECONDS, min(left, step.timeout)),
            carry=False,
            attempt=attempt,
        )
        verdict = judge(context, until.expect, result, before=before, hints=step.hints)
        if verdict.passed:
            return Waited("passed", verdict, result)
        if result.ended_by == "interrupt" or context.stopper.pending() is not Stop.NONE:
            return Waited("interrupted", verdict, result)
        if (problem := access_problem(result.stderr)) and not problem.may_pass:
            return Waited("failed", verdict, result)
        elapsed = context.clock.monotonic() - started
        if attempt == 1:
            context.clock.forget_keys()
        context.emitter.emit(Waiting, step=step.id, attempt=attempt, elapsed=elapsed, timeout=until.timeout)
        if elapsed >= until.timeout:
            return _failed(result, verdict, f"It did not hold within {until.timeout:g} s ({attempt} tries).")
        key_pressed = context.clock.sleep(min(until.interval, until.timeout - elapsed))
        if context.stopper.pending() is not Stop.NONE:
            return Waited("interrupted", verdict, result)
        if key_pressed:
            return _failed(result, verdict, f"Waiting was stopped by a key after {elapsed:.0f} s.")


def _failed(result: CommandResult, verdict: Verdict, reason: str) -> Waited:
    last = verdict.mismatches[-1]
    over = Mismatch("until", "timeout", last.expected, last.actual, reason)
    return Waited("failed", replace(verdict, mismatches=(over, *verdict.mismatches)), result)
