"""Conditions (`when`): does a step, a note or an expectation apply here?

Called by the engine and `tutorial.expect` with the run's facts, by the command line to count steps,
and by lint, which refuses a range that cannot be read. A value is a version range (`>=1.21`,
`>=1.21,<1.24`) or the exact value.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from tutorial.steps.model import Condition, Step, Tutorial

_BOUND = re.compile(r"(>=|<=|==|!=|>|<)\s*v?(\d+(?:\.\d+)*)\Z")
_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)")
_OPERATORS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}

Bound = tuple[str, tuple[int, ...]]


def holds(condition: Condition, facts: Mapping[str, str]) -> bool:
    """True when every entry of `condition` holds; a fact that is missing does not."""
    return all(name in facts and _accepts(wanted, facts[name]) for name, wanted in condition.items())


def fits(condition: Condition, settings: Mapping[str, str]) -> bool:
    """True when nothing in `settings` speaks against `condition`; facts are left open."""
    return all(_accepts(wanted, settings[name]) for name, wanted in condition.items() if name in settings)


def adapted(step: Step, facts: Mapping[str, str]) -> Step:
    """The step with each text as it reads where `facts` hold."""
    chosen: dict[str, str] = {}
    for name, alternatives in step.alternatives.items():
        found = next((each for each in alternatives if holds(each.when, facts)), None)
        if found is not None:
            chosen[name] = found.text
    return replace(step, **chosen) if chosen else step  # type: ignore[arg-type]


def counted_steps(tutorial: Tutorial) -> list[Step]:
    """The steps that a run with the default settings counts: no asides, no alternatives."""
    return [step for step in tutorial.steps if not step.aside and fits(step.when, tutorial.variables)]


def parse_range(wanted: str) -> list[Bound]:
    """The bounds of a version range; none when `wanted` is an exact value.

    Raises:
        ValueError: it begins like a range but is not one.
    """
    if not wanted.lstrip().startswith(("<", ">", "=", "!")):
        return []
    bounds = []
    for part in wanted.split(","):
        bound = _BOUND.match(part.strip())
        if bound is None:
            raise ValueError(f'"{part.strip()}" is not a bound such as >=1.21')
        bounds.append((bound.group(1), _numbers(bound.group(2))))
    return bounds


def _accepts(wanted: str, fact: str) -> bool:
    bounds = parse_range(wanted)
    if not bounds:
        return wanted == fact
    version = _VERSION.match(fact)
    if version is None:
        return False
    numbers = _numbers(version.group(1))
    return all(_OPERATORS[sign](_cut(numbers, len(bound)), bound) for sign, bound in bounds)


def _cut(numbers: tuple[int, ...], length: int) -> tuple[int, ...]:
    """As many numbers as the bound has: 1.21 means all of 1.21.x, so 1.21.3 is not above it."""
    return (numbers + (0,) * length)[:length]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
