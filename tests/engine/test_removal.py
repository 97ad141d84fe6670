"""Undoing a step asks for its objects together, and tells of each by itself when one may not be seen."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from engine.fakes import Script, World, reference, step

from tutorial.engine.events import ObjectUndone
from tutorial.engine.ports import ObjectState
from tutorial.engine.rollback import roll_back
from tutorial.errors import ForbiddenError
from tutorial.steps.model import ObjectReference

NAMES = tuple(f"service/{name}@default" for name in "abc")


def kept_world() -> World:
    world = World((step("make", "\n".join(f"make {name}" for name in NAMES), creates=NAMES),))
    world.run(Script(), auto=True, keep="always")
    assert [name in world.cluster.picture() for name in NAMES] == [True] * 3
    world.new_process()
    return world


def test_the_objects_of_a_step_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    world = kept_world()
    asked: list[Sequence[ObjectReference]] = []

    def lookup_all(references: Sequence[ObjectReference]) -> dict[ObjectReference, ObjectState | None]:
        asked.append(references)
        return {each: world.cluster.objects.get(each) for each in references}

    monkeypatch.setattr(world.cluster, "lookup_all", lookup_all)
    monkeypatch.setattr(world.cluster, "lookup", lambda _: pytest.fail("one was asked for alone"))
    assert roll_back(world.tools()).complete
    assert asked[0] == list(map(reference, NAMES))


def test_one_that_may_not_be_seen_keeps_none_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    world = kept_world()
    hidden = reference(NAMES[1])
    lookup = world.cluster.lookup

    def refused(where: ObjectReference) -> ObjectState | None:
        if where == hidden:
            raise ForbiddenError("The API server refused.", why="no right")
        return lookup(where)

    monkeypatch.setattr(world.cluster, "lookup", refused)
    assert not roll_back(world.tools()).complete
    outcomes = {event.object: event.outcome for event in world.recorder.of(ObjectUndone)}
    assert outcomes == {NAMES[0]: "deleted", NAMES[1]: "failed", NAMES[2]: "deleted"}
