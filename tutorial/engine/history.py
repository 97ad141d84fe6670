"""What the journal's records say: which steps have begun, and which objects are the run's.

Pure functions over records; used by ownership, undo, rollback and resume.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tutorial.engine.records import (
    Adopted,
    Announced,
    Found,
    Intent,
    Made,
    Outcome,
    PutBack,
    Record,
    Seen,
    Undone,
)
from tutorial.steps.model import ObjectReference

LATE_SECONDS = 10.0
"""How long after a command's end a request of it may still arrive, and a killed one may take to end."""


@dataclass(frozen=True)
class Begun:
    """A step that has begun and was not undone.

    `outcome` is that of its last intent: None when the process died in between. `unconfirmed` are
    the objects that it may have made: absent at an intent, and no outcome after it says more.
    """

    step: str
    intents: tuple[Intent, ...]
    outcome: Outcome | None = None
    unconfirmed: tuple[ObjectReference, ...] = ()

    @property
    def cleanup(self) -> tuple[str, ...]:
        """The step's cleanup commands; an intent that only restores an object has none."""
        return next((intent.cleanup for intent in reversed(self.intents) if intent.cleanup), ())

    @property
    def by_hand(self) -> str:
        return next((intent.by_hand for intent in reversed(self.intents) if intent.by_hand), "")

    @property
    def was_cut_off(self) -> bool:
        """Whether its command may have been killed while a request was on its way."""
        return self.outcome is None or self.outcome.exit_code >= 128 or self.outcome.outcome == "interrupted"

    def intent_for(self, reference: ObjectReference) -> Intent:
        """The last intent before which this object was absent."""
        return next(intent for intent in reversed(self.intents) if reference in intent.absent)

    def latest_for(self, reference: ObjectReference) -> float:
        """When the command had surely ended that may have made this object, and its last request
        arrived: the API server's clock, infinite where the records do not say."""
        intent = self.intent_for(reference)
        ends = [intent.server_time + intent.seconds] if intent.seconds else []
        ends += [self.outcome.ended] if self.outcome is not None and self.outcome.ended else []
        return min(ends) + LATE_SECONDS if ends else math.inf


def begun_steps(records: Sequence[Record]) -> list[Begun]:
    """The begun steps, first begun first."""
    found: dict[str, Begun] = {}
    for record in records:
        if isinstance(record, Intent):
            before = found.get(record.step, Begun(record.step, ()))
            unconfirmed = dict.fromkeys((*before.unconfirmed, *record.absent))
            found[record.step] = Begun(record.step, (*before.intents, record), None, tuple(unconfirmed))
        elif isinstance(record, Outcome) and record.step in found:
            known = {*(each.reference for each in record.made), *record.others}
            begun = found[record.step]
            unconfirmed_left = tuple(each for each in begun.unconfirmed if each not in known)
            found[record.step] = replace(begun, outcome=record, unconfirmed=unconfirmed_left)
        elif isinstance(record, Undone) and record.complete and record.reference is None:
            found.pop(record.step, None)
    return list(found.values())


def find_begun(records: Sequence[Record], step: str) -> Begun | None:
    """The step, if it has begun and was not undone."""
    return next((each for each in begun_steps(records) if each.step == step), None)


def owned_objects(records: Sequence[Record]) -> dict[str, tuple[str, Made]]:
    """The run's objects that are there as far as it knows: uid -> (the step that made it, object). One
    that was made proves that what had its name before is gone."""
    owned: dict[str, tuple[str, Made]] = {}
    for record in records:
        if isinstance(record, Outcome):
            names = {made.reference for made in record.made}
            owned = {uid: each for uid, each in owned.items() if each[1].reference not in names}
            owned.update({made.uid: (record.step, made) for made in record.made})
            for uid in record.removed:
                owned.pop(uid, None)
        elif isinstance(record, Undone) and record.complete:
            owned = {uid: each for uid, each in owned.items() if not _undoes(record, *each)}
    return owned


def ever_made(records: Sequence[Record]) -> dict[str, tuple[str, Made]]:
    """Every object that the run has made, those included that are gone: uid -> (step, object)."""
    return {
        made.uid: (record.step, made)
        for record in records
        if isinstance(record, Outcome)
        for made in record.made
    }


def last_outcomes(records: Sequence[Record]) -> dict[str, str]:
    """How each step that was not undone ended last."""
    outcomes: dict[str, str] = {}
    for record in records:
        if isinstance(record, Outcome):
            outcomes[record.step] = record.outcome
        elif isinstance(record, Intent):
            outcomes[record.step] = "begun"
        elif isinstance(record, Undone) and record.reference is None:
            outcomes.pop(record.step, None)
    return outcomes


def announced_objects(records: Sequence[Record]) -> set[ObjectReference]:
    """What was there before the run and may be replaced by its steps."""
    return {each for record in records if isinstance(record, Announced) for each in record.objects}


def adopted_objects(records: Sequence[Record]) -> dict[tuple[str, ObjectReference], Made]:
    """What was saved and not put back yet: (the step that replaces it, its place) -> the object as
    it was, the last saved last."""
    adopted: dict[tuple[str, ObjectReference], Made] = {}
    for record in records:
        if isinstance(record, Adopted):
            for each in record.objects:
                adopted.pop((record.step, each.reference), None)
                adopted[record.step, each.reference] = each
        elif isinstance(record, PutBack):
            adopted.pop((record.step, record.reference), None)
    return adopted


def adopted_homes(records: Sequence[Record]) -> dict[str, str]:
    """The uids of the namespaces that adopted objects were in, by name."""
    homes: dict[str, str] = {}
    for record in records:
        homes.update(record.homes if isinstance(record, Adopted) else {})
    return homes


def adopted_places(records: Sequence[Record]) -> set[ObjectReference]:
    """Where something is to be put back."""
    return {reference for _, reference in adopted_objects(records)}


def others_uids(records: Sequence[Record]) -> set[str]:
    """The uids of objects that are not the run's, though it knows them: those that it adopted,
    and those that it has put back."""
    return {
        *(each.uid for record in records if isinstance(record, Adopted) for each in record.objects),
        *(record.uid for record in records if isinstance(record, PutBack)),
    }


def last_seen(records: Sequence[Record]) -> dict[str, Made]:
    """The run's objects as its commands left them, by uid."""
    seen: dict[str, Made] = {}
    for record in records:
        objects = record.made if isinstance(record, Outcome) else ()
        objects = record.objects if isinstance(record, Seen) else objects
        seen.update({each.uid: each for each in objects if each.manifest})
    return seen


def is_anything_to_undo(records: Sequence[Record]) -> bool:
    """Whether a step has begun, or an object was adopted, and was not undone or put back."""
    return bool(begun_steps(records)) or bool(adopted_objects(records))


def used_objects(records: Sequence[Record]) -> set[ObjectReference]:
    """Namespaces that were there before the run and that it uses."""
    return {each for record in records if isinstance(record, Intent) for each in record.present}


def found_objects(records: Sequence[Record]) -> dict[str, Made]:
    """What edited commands and opened shells made, by uid."""
    return {made.uid: made for record in records if isinstance(record, Found) for made in record.objects}


def _undoes(record: Undone, step: str, made: Made) -> bool:
    return step == record.step and record.reference in (None, made.reference)
