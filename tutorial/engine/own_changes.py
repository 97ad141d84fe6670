"""Tells the run's own changes from somebody else's, for its objects in the places of adopted ones.

Such an object goes at the end only as the run's commands left it: what somebody else has changed
stays. Used around every command of the run and around an opened shell.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tutorial.engine.context import Tools
from tutorial.engine.history import adopted_places, last_seen, owned_objects
from tutorial.engine.manifests import is_changed, recreatable
from tutorial.engine.ports import ObjectState
from tutorial.engine.records import Made, Seen
from tutorial.errors import TutorialError


@contextmanager
def noting_own_changes(tools: Tools) -> Iterator[None]:
    """What the body changes is the run's doing, unless somebody had changed the object before it."""
    before = {state.uid for state in _in_adopted_places(tools) if not was_changed(tools, state)}
    yield
    changed = [
        Made(state.reference, state.uid, recreatable(state.manifest))
        for state in (_in_adopted_places(tools) if before else ())
        if state.uid in before and was_changed(tools, state)
    ]
    if changed:
        tools.ledger.note(Seen(tuple(changed)))


def was_changed(tools: Tools, state: ObjectState) -> bool:
    """Whether the run's object in the place of an adopted one is not as the run left it. Elsewhere
    it does not matter: the place was free."""
    records = tools.ledger.records()
    seen = last_seen(records).get(state.uid)
    if seen is None or state.reference not in adopted_places(records):
        return False
    return is_changed(seen.manifest, state.manifest)


def _in_adopted_places(tools: Tools) -> list[ObjectState]:
    """The run's objects there, as they are now; none when the cluster cannot be asked."""
    records = tools.ledger.records()
    places = adopted_places(records)
    wanted = {made.reference: uid for uid, (_, made) in owned_objects(records).items()}
    try:
        there = tools.cluster.lookup_all([each for each in wanted if each in places])
    except TutorialError:
        return []
    return [state for each, state in there.items() if state is not None and state.uid == wanted[each]]
