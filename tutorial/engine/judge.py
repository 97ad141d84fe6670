"""Holds a command's result against expectations and takes variables out of it, masked for the events.

Used by `tutorial.engine.attempt`, `waiting` and `diagnosis`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tutorial.engine.context import Context
from tutorial.engine.ports import CommandResult
from tutorial.expect.capture import captured
from tutorial.expect.check import check
from tutorial.expect.verdict import Mismatch, Verdict
from tutorial.steps.model import Expectation, Hint, Step
from tutorial.text.masking import Masker


def judge(
    context: Context,
    expectations: Sequence[Expectation],
    result: CommandResult,
    *,
    before: Mapping[str, str],
    hints: Sequence[Hint] = (),
) -> Verdict:
    """The verdict on a command; `before` are the shell's variables before it ran.

    A timeout is a failure of its own, whatever came out before.
    """
    verdict = check(
        expectations,
        exit_code=result.exit_code,
        stdout=result.stdout,
        stderr=result.stderr,
        output=result.output,
        before=before,
        after=context.shell.variables(),
        variables=context.plan.variables,
        facts=context.plan.facts,
        hints=hints,
    )
    if result.ended_by == "timeout":
        late = Mismatch("time", "timeout", "", "", f"It was stopped after {result.seconds:.0f} s.")
        verdict = replace(verdict, mismatches=(late, *verdict.mismatches))
    proof = context.plan.fill(verdict.proof)
    return _masked(replace(verdict, proof=proof), context.tools.masker)


def capture(context: Context, step: Step, result: CommandResult) -> tuple[Mismatch, ...]:
    """Set the step's captured variables; a mismatch for each that the output does not hold."""
    lacking = []
    for name, source in step.capture.items():
        value = captured(source, result.stdout, context.plan.variables)
        if value is None:
            lacking.append(
                Mismatch(f"variable {name}", "capture", source, "", f"The output holds no value for {name}.")
            )
        else:
            context.shell.set_variable(name, value)
    return tuple(lacking)


def _masked(verdict: Verdict, masker: Masker) -> Verdict:
    return replace(
        verdict,
        mismatches=tuple(
            replace(
                each,
                expected=masker.mask(each.expected),
                actual=masker.mask(each.actual),
                reason=masker.mask(each.reason),
            )
            for each in verdict.mismatches
        ),
        proof=masker.mask(verdict.proof),
    )
