"""Where an attendee is, from the objects that the cluster shows. Pure. Used by `status`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tutorial.classroom.roster import Attendee
from tutorial.steps.model import ObjectReference, Step, Tutorial
from tutorial.steps.substitute import fill

Times = Mapping[ObjectReference, datetime]
"""The objects that are there, and when each was made."""


@dataclass(frozen=True)
class Milestone:
    """A step that shows in the cluster: by all of `objects`."""

    step: Step
    objects: frozenset[ObjectReference]


@dataclass(frozen=True)
class Standing:
    """Where one attendee is.

    `state` is `not begun` (nothing was made), `at a step`, or `nothing there` (something happened, and
    nothing is left: finished, rolled back, or between two steps); `step` the id of the last step whose
    objects are all there; `objects` what is there of the task; `since` when the newest of it was made, or
    else when something last happened.
    """

    state: str
    step: str = ""
    objects: tuple[ObjectReference, ...] = ()
    since: datetime | None = None


def milestones(tutorial: Tutorial, attendee: Attendee, samples: Iterable[str]) -> list[Milestone]:
    """The tutorial's steps that make objects in the attendee's namespaces, in order. Of steps that make
    the same in different ways, the first.

    Args:
        samples: the values of SAMPLE; a step counts with any of them.
    """
    found: dict[frozenset[ObjectReference], tuple[int, Step]] = {}
    for sample in samples:
        values = {
            **tutorial.variables,
            "NAMESPACE": attendee.namespace,
            "PLAIN_NAMESPACE": attendee.plain_namespace,
            "SAMPLE": sample,
        }
        for index, step in enumerate(tutorial.steps):
            made = frozenset(_final(each, values) for each in step.creates if each.kind != "namespace")
            if made:
                found.setdefault(made, (index, step))
    in_order = sorted(found.items(), key=lambda each: each[1][0])
    return [Milestone(step, objects) for objects, (_, step) in in_order]


def standing(passed: Sequence[Milestone], present: Times, last_event: datetime | None) -> Standing:
    """Where the attendee is.

    Args:
        passed: of `milestones`.
        last_event: when something last happened in the attendee's namespaces.
    """
    wanted = frozenset[ObjectReference]().union(*(each.objects for each in passed))
    there = {reference: made for reference, made in present.items() if reference in wanted}
    if not there:
        return Standing("nothing there" if last_event else "not begun", since=last_event)
    reached = [each.step.id for each in passed if each.objects <= there.keys()]
    return Standing(
        "at a step",
        reached[-1] if reached else "",
        tuple(sorted(there, key=str)),
        max(there.values()),
    )


def _final(reference: ObjectReference, values: Mapping[str, str]) -> ObjectReference:
    namespace = fill(reference.namespace or "", values) or None
    return ObjectReference(reference.kind, fill(reference.name, values), namespace)
