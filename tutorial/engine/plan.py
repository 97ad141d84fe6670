"""Which steps a run takes, in what order, and what they need of each other.

Made by `tutorial.app` from a Tutorial and the command line; read by the whole engine.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tutorial.engine.events import StepSummary
from tutorial.errors import UsageError
from tutorial.steps.conditions import adapted, holds, parse_range
from tutorial.steps.model import ObjectReference, Step, Tutorial
from tutorial.steps.substitute import fill
from tutorial.text.escapes import safe_text

_OBJECT_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9._:]*[A-Za-z0-9])?")

CLEANUP_SECTION = "cleanup"
"""The section before which an interactive run pauses: everything is still here."""


@dataclass(frozen=True)
class PlannedStep:
    """A step at its place. `number` counts from 1 over the tutorial's steps that are not asides
    (0 for an aside); `prepared` steps come before `--from` and are done quietly, because later
    steps need them."""

    step: Step
    number: int
    prepared: bool = False


@dataclass(frozen=True)
class Plan:
    """The steps of a run, in order. `variables` are its settings; `facts` what `when` may ask;
    `total` is the number of the tutorial's last step."""

    tutorial: Tutorial
    variables: Mapping[str, str]
    facts: Mapping[str, str]
    steps: tuple[PlannedStep, ...]
    total: int
    _index: Mapping[str, int] = field(init=False, repr=False)
    _needs: Mapping[str, set[str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {each.step.id: at for at, each in enumerate(self.steps)})
        direct = {each.step.id: each.step.needs for each in self.steps}
        object.__setattr__(self, "_needs", {step_id: _closure(step_id, direct) for step_id in direct})

    def position(self, step_id: str) -> int | None:
        """The step's index in `steps`, or None when the run does not take it."""
        return self._index.get(step_id)

    def fill(self, text: str) -> str:
        """The text with the run's settings filled in; other variables stay as they are written."""
        return fill(text, self.variables)

    def final(self, reference: ObjectReference) -> ObjectReference:
        """The reference with the run's settings filled in."""
        namespace = self.fill(reference.namespace) if reference.namespace is not None else None
        return ObjectReference(reference.kind, self.fill(reference.name), namespace)

    def notes(self, step: Step) -> tuple[str, ...]:
        """The step's notes that hold in this run."""
        return tuple(self.fill(note.text) for note in step.notes if self.applies(note.when))

    def creates(self, step: Step) -> tuple[ObjectReference, ...]:
        return tuple(map(self.final, step.creates))

    def deletes(self, step: Step) -> tuple[ObjectReference, ...]:
        return tuple(map(self.final, step.deletes))

    def applies(self, condition: Mapping[str, str]) -> bool:
        """Whether a `when` holds in this run."""
        return holds(condition, {**self.variables, **self.facts})

    def needs(self, step_id: str) -> set[str]:
        """The ids of all steps that this one needs, directly or through others."""
        return self._needs.get(step_id, set())

    def dependants(self, step_id: str) -> list[Step]:
        """The later steps that need this one, directly or through others, in order."""
        return [each.step for each in self.steps if step_id in self.needs(each.step.id)]

    def namespaces(self) -> list[str]:
        """Every namespace that the run's steps make or make objects in."""
        found: dict[str, None] = {}
        for each in self.steps:
            for reference in (*self.creates(each.step), *self.deletes(each.step)):
                name = reference.name if reference.kind == "namespace" else reference.namespace
                if name:
                    found[name] = None
        return list(found)

    def summaries(self) -> tuple[StepSummary, ...]:
        return tuple(
            StepSummary(
                each.step.id,
                each.number,
                self.fill(each.step.title),
                self.section(each.step),
                each.step.aside,
            )
            for each in self.steps
        )

    def section(self, step: Step) -> str:
        """The title of the step's section."""
        return self.tutorial.sections.get(step.section, step.section)


def make_plan(
    tutorial: Tutorial,
    *,
    settings: Mapping[str, str],
    facts: Mapping[str, str],
    from_step: str | None = None,
    until_step: str | None = None,
    asides: bool = False,
) -> Plan:
    """Choose and number the steps.

    Args:
        settings: values of `--set`, by name.
        facts: what `when` may ask: `istio`, `kubernetes`, `mesh`, `backend`.
        from_step, until_step: the first and the last step, by id or number, both included.
        asides: take the steps that go beyond the document, too.

    Raises:
        UsageError: a setting or a step that the tutorial does not have, no step is left, or a setting
            would make an object's name one that none can have.
    """
    variables = run_settings(tutorial, settings)
    known = {**variables, **facts}
    steps = _number(
        adapted(step, known)
        for step in tutorial.steps
        if holds(step.when, known) and (asides or not step.aside)
    )
    total = max((each.number for each in steps), default=0)
    first = _find(steps, from_step) if from_step else 0
    last = _find(steps, until_step) if until_step else len(steps) - 1
    if first > last:
        raise UsageError(
            f"No step is left between {from_step or 'the first step'} and {until_step or 'the last'}.",
            do=f"See the steps: egress-tutorial show {tutorial.name}",
        )
    chosen = steps[first : last + 1]
    needs = {each.step.id: each.step.needs for each in steps}
    needed = set[str]().union(*(_closure(each.step.id, needs) for each in chosen))
    prepared = [
        PlannedStep(each.step, each.number, prepared=True) for each in steps[:first] if each.step.id in needed
    ]
    plan = Plan(tutorial, variables, facts, (*prepared, *chosen), total)
    _check_names(plan)
    return plan


def _check_names(plan: Plan) -> None:
    """A setting that stands for a name is one word: a blank in it would add words to commands."""
    for planned in plan.steps:
        for reference in (*plan.creates(planned.step), *plan.deletes(planned.step)):
            for name in (reference.name, reference.namespace or reference.name):
                if not _OBJECT_NAME.fullmatch(name) and "${" not in name:
                    raise UsageError(
                        f"{name!r} can be the name of no object.",
                        why=f"The step {planned.step.id} would have it in {reference.kind}, by a setting.",
                        do="A name has letters, digits, dashes and dots: --set NAMESPACE=my-namespace",
                    )


def run_settings(tutorial: Tutorial, settings: Mapping[str, str]) -> dict[str, str]:
    """The tutorial's variables with the values of `--set`.

    Raises:
        UsageError: a name that the tutorial does not have, or a value that none of its steps is for, or
            that cannot be shown as it is.
    """
    for name, value in settings.items():
        if name not in tutorial.variables:
            close = difflib.get_close_matches(name, tutorial.variables, 1)
            raise UsageError(
                f"The tutorial {tutorial.name} has no variable {name}.",
                do=f"Did you mean {close[0]}?" if close else _listed("Its variables", tutorial.variables),
            )
        choices = _choices(tutorial, name)
        if choices and value not in choices:
            raise UsageError(
                f"{name}={value} is not a choice of the tutorial {tutorial.name}.",
                do=f"Write one of: {', '.join(f'--set {name}={choice}' for choice in choices)}",
            )
        if safe_text(value) != value:
            raise UsageError(
                f"{name} cannot have the value {safe_text(value)}.",
                why="It holds characters that cannot be seen.",
                do=f"Write it anew: --set {name}=VALUE",
            )
    return {**tutorial.variables, **settings}


def _choices(tutorial: Tutorial, name: str) -> list[str]:
    """The values of a variable that steps are for, the default first; none when no step asks for
    the variable, or one asks for a range."""
    asked = [step.when[name] for step in tutorial.steps if name in step.when]
    if not asked or any(map(parse_range, asked)):
        return []
    return list(dict.fromkeys((tutorial.variables[name], *asked)))


def _number(steps: Iterable[Step]) -> list[PlannedStep]:
    numbered, number = [], 0
    for step in steps:
        number += not step.aside
        numbered.append(PlannedStep(step, 0 if step.aside else number))
    return numbered


def _find(steps: list[PlannedStep], wanted: str) -> int:
    for index, each in enumerate(steps):
        if wanted == each.step.id or (each.number and wanted == str(each.number)):
            return index
    ids = [each.step.id for each in steps]
    close = difflib.get_close_matches(wanted, ids, 1)
    raise UsageError(
        f"There is no step {wanted}.", do=f"Did you mean {close[0]}?" if close else _listed("The steps", ids)
    )


def _listed(what: str, names: Iterable[str]) -> str:
    return f"{what}: {', '.join(names) or 'none'}."


def _closure(step_id: str, needs: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(needs.get(step_id, ()))
    while waiting:
        current = waiting.pop()
        if current not in found and current in needs:
            found.add(current)
            waiting.extend(needs[current])
    return found
