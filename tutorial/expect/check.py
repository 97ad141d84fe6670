"""Holds what a command did against what its step expects: a verdict, with reasons.

Called by the engine after a step's command and after each try of an `until`.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tutorial.expect.difference import Difference, clip, quoted
from tutorial.expect.hints import explain
from tutorial.expect.search import SearchTimeoutError, search
from tutorial.expect.streams import proofs, stream_differences
from tutorial.expect.verdict import Mismatch, Verdict
from tutorial.steps.conditions import holds
from tutorial.steps.model import Expectation, Hint
from tutorial.steps.substitute import fill
from tutorial.text.escapes import EscapeFilter

_EXIT_MEANINGS = {
    124: "a program timed out",
    126: "the program cannot be executed",
    127: "the program was not found",
    130: "interrupted",
    137: "killed",
    143: "terminated",
}


@dataclass(frozen=True)
class _Done:
    """What the command did, made safe to show. `after` are the shell's variables after it."""

    exit_code: int
    streams: Mapping[str, str]
    before: Mapping[str, str]
    after: Mapping[str, str]
    values: Mapping[str, str]


def check(
    expectations: Sequence[Expectation],
    *,
    exit_code: int,
    stdout: str,
    stderr: str,
    output: str | None = None,
    before: Mapping[str, str],
    after: Mapping[str, str],
    variables: Mapping[str, str],
    facts: Mapping[str, str],
    hints: Sequence[Hint] = (),
) -> Verdict:
    """The verdict on one command.

    Args:
        expectations: all whose `when` holds must hold; when none applies, the exit code must be 0.
        exit_code: bash's.
        stdout, stderr, output: texts as the command wrote them, `output` being both as they came.
        before, after: the shell's variables before and after the command.
        variables: the run's values for `${NAME}`; names it lacks are taken from `after`.
        facts: what `when` may ask, beside `variables`.
        hints: the step's, tried in order when something does not hold.
    """
    values = ChainMap(dict(variables), dict(after))
    texts = {"stdout": stdout, "stderr": stderr, "output": stdout + stderr if output is None else output}
    done = _Done(exit_code, {name: _plain(text) for name, text in texts.items()}, before, after, values)
    known = {**variables, **facts}
    applicable = [each for each in expectations if holds(each.when, known)] or [Expectation()]
    mismatches = tuple(dict.fromkeys(found for each in applicable for found in _mismatches(each, done)))
    if not mismatches:
        return Verdict(proof=_proof(applicable, done))
    cause, fix = explain(hints, _evidence(mismatches, done), values)
    return Verdict(mismatches, cause=cause, fix=fix)


def _plain(text: str) -> str:
    """The text without colours and other escape sequences."""
    escapes = EscapeFilter(colours=False)
    return escapes.feed(text) + escapes.flush()


def _mismatches(expectation: Expectation, done: _Done) -> Iterator[Mismatch]:
    if expectation.exit_code not in (None, done.exit_code):
        yield _wrong_exit_code(expectation.exit_code or 0, done.exit_code)
    for stream, wanted in expectation.streams.items():
        for rule, difference in stream_differences(wanted, done.streams[stream], done.values):
            yield _mismatch(stream, rule, difference)
    for name, pattern in expectation.variables.items():
        wrong = _variable_difference(name, fill(pattern, done.values, escape=re.escape), done)
        if wrong:
            yield _mismatch(f"variable {name}", "variables", wrong)


def _wrong_exit_code(expected: int, actual: int) -> Mismatch:
    meaning = _EXIT_MEANINGS.get(actual)
    reason = f"expected exit code {expected}, found {actual}" + (f" ({meaning})" if meaning else "")
    return Mismatch("exit code", "exit_code", str(expected), str(actual), reason)


def _variable_difference(name: str, pattern: str, done: _Done) -> Difference | None:
    """An empty pattern means that the variable is unset or empty."""
    value = done.after.get(name)
    if not pattern:
        return Difference(f"{name} is still {quoted(value)}", "unset", value) if value else None
    if value is None:
        return Difference(f"{name} is not set", pattern)
    try:
        if search(pattern, value):
            return None
    except SearchTimeoutError as error:
        return Difference(str(error), pattern, value)
    if not value:
        return Difference(f"{name} is empty", pattern)
    kept = ", as before the command" if done.before.get(name) == value else ""
    return Difference(f"{name} is {quoted(value)}{kept}, which does not match {pattern}", pattern, value)


def _mismatch(where: str, rule: str, difference: Difference) -> Mismatch:
    return Mismatch(
        where=where,
        rule=rule,
        expected=clip(difference.expected, 2000),
        actual=clip(difference.actual, 2000),
        reason=difference.reason,
        line=difference.line,
        column=difference.column,
    )


def _evidence(mismatches: Sequence[Mismatch], done: _Done) -> list[str]:
    """What a hint's pattern may match: the output, the exit code, wrong variables, the reasons."""
    wrong_values = [each.actual for each in mismatches if each.rule == "variables" and each.actual]
    reasons = [each.reason for each in mismatches]
    return [done.streams["output"].strip(), f"exit code {done.exit_code}", *wrong_values, *reasons]


def _proof(expectations: Sequence[Expectation], done: _Done) -> str:
    """What was checked and held, in one line."""
    parts = [
        f"{stream} {' and '.join(found)}"
        for each in expectations
        for stream, wanted in each.streams.items()
        if (found := proofs(wanted, done.streams[stream]))
    ]
    for name, pattern in (
        (name, pattern) for each in expectations for name, pattern in each.variables.items()
    ):
        parts.append(f"{name} is {clip(done.after[name], 60)}" if pattern else f"{name} is unset")
    if any(each.exit_code is not None for each in expectations):
        parts.append(f"exit code {done.exit_code}")
    return "; ".join(dict.fromkeys(parts))
