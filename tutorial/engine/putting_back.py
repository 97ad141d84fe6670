"""Puts adopted objects back in their places, exactly as they were saved. Nothing is overwritten: what
somebody else has put there meanwhile stays, and the saved object is written to a file instead.

Called by undo and rollback after the run's own objects are gone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tutorial.engine.by_hand import create_command
from tutorial.engine.context import Tools
from tutorial.engine.events import ObjectUndone
from tutorial.engine.history import adopted_homes, adopted_objects, begun_steps, others_uids, owned_objects
from tutorial.engine.manifests import is_created_from, is_programs_alone, recreatable, spec_of
from tutorial.engine.patience import Patience
from tutorial.engine.ports import ObjectState
from tutorial.engine.records import Made, PutBack
from tutorial.errors import AlreadyThereError, ForbiddenError, TutorialError, UnauthorizedError
from tutorial.steps.model import ObjectReference

_TRIES = 3
"""How often a place is looked at again when an object appears in it at the same moment."""


@dataclass(frozen=True)
class _Saved:
    """An object to put back, and the steps whose doing it was that it went."""

    made: Made
    steps: tuple[str, ...]

    @property
    def reference(self) -> ObjectReference:
        return self.made.reference


class PuttingBack:
    """One round of it.

    Args:
        steps: those whose adopted objects are to come back; None means all.

    """

    def __init__(self, tools: Tools, patience: Patience, steps: Collection[str] | None = None) -> None:
        self._tools = tools
        self._patience = patience
        self._steps = steps
        self._written: dict[ObjectReference, str] = {}
        self._complete = True

    def run(self) -> bool:
        """Put back what can be; whether everything is in its place.

        Raises:
            Stopped: Ctrl-C.
        """
        created = [saved for saved in self._to_put_back() if self._put_back(saved)]
        late = [saved for saved in created if saved.reference.kind == "endpoints"]
        if late:
            self._tools.clock.sleep(self._tools.limits.late)
        for saved in late:
            self._look_again(saved)
        return self._complete

    def commands(self) -> list[str]:
        """The commands that create what is not in its place, for a person, once the place is free."""
        for saved in self._to_put_back():
            self._write(saved)
        options = self._tools.kubectl_options
        return [create_command(path, options) for path in self._written.values() if path]

    def _to_put_back(self) -> Sequence[_Saved]:
        """Services first: endpoints are nothing without the service of their name."""
        found: dict[ObjectReference, _Saved] = {}
        for (step, reference), made in adopted_objects(self._tools.ledger.records()).items():
            if self._steps is None or step in self._steps:
                before = found[reference].steps if reference in found else ()
                found[reference] = _Saved(made, (*before, step))
        return sorted(found.values(), key=lambda saved: saved.reference.kind != "service")

    def _put_back(self, saved: _Saved) -> bool:
        """See that the object is in its place; whether it had to be created."""
        why = "others make it again and again"
        try:
            if self._is_home_gone(saved.reference.namespace or ""):
                self._note(saved, "")
                self._tools.emitter.notice(
                    f"{saved.reference} is not put back: the namespace that it was in is no more.", "warning"
                )
                return False
            for _ in range(_TRIES):
                state = self._patience.call(self._tools.cluster.lookup, saved.reference)
                if state is not None:
                    self._judge(saved, state)
                    return False
                if self._create(saved):
                    return True
        except TutorialError as error:
            why = f"{error.what} {error.why}".strip()
        self._fail(saved, "failed", why)
        return False

    def _is_home_gone(self, namespace: str) -> bool:
        """Whether another namespace has the name of the one that the object was in, or none has it: its
        owner has deleted it meanwhile, or this is another cluster."""
        known = adopted_homes(self._tools.ledger.records()).get(namespace)
        if known is None:
            return False
        try:
            state = self._patience.call(self._tools.cluster.lookup, ObjectReference("namespace", namespace))
        except (ForbiddenError, UnauthorizedError):
            return False
        return state is None or state.uid != known

    def _create(self, saved: _Saved) -> bool:
        """Create it again; false when somebody was quicker."""
        try:
            state = self._patience.call(self._tools.cluster.restore, saved.made.manifest)
        except AlreadyThereError:
            return False
        self._note(saved, state.uid)
        self._tell(saved, "put back", _other_address(saved.made, state))
        return True

    def _judge(self, saved: _Saved, state: ObjectState) -> None:
        """Something is in the place: the object itself, the run's own, or another's."""
        records = self._tools.ledger.records()
        owned = owned_objects(records)
        if state.uid in others_uids(records) or is_created_from(saved.made.manifest, state.manifest):
            if is_programs_alone(state.manifest):  # a rollback was cut off just after it had created it
                self._patience.call(self._tools.cluster.give_back, saved.made.manifest, state.uid)
            self._note(saved, state.uid)
        elif state.uid not in owned:
            self._fail(saved, "foreign", "somebody has put it there or changed it during the run")
        elif not self._stays(owned[state.uid][0]):
            self._fail(saved, "failed", "what this run made is still in its place")

    def _stays(self, maker: str) -> bool:
        """Whether the step that made what is there has begun and is not being undone."""
        begun = {each.step for each in begun_steps(self._tools.ledger.records())}
        return self._steps is not None and maker not in self._steps and maker in begun

    def _look_again(self, saved: _Saved) -> None:
        """A controller that has not yet seen the service come back deletes endpoints of its name."""
        try:
            if self._patience.call(self._tools.cluster.lookup, saved.reference) is None:
                self._create(saved)
        except TutorialError as error:
            self._fail(saved, "failed", error.what)

    def _note(self, saved: _Saved, uid: str) -> None:
        for step in saved.steps:
            self._tools.ledger.note(PutBack(step, saved.reference, uid))

    def _fail(self, saved: _Saved, outcome: str, why: str) -> None:
        """Say why it is not in its place, and where it is saved."""
        self._complete = False
        path = self._write(saved)
        where = f"what was there before the run is saved in {path}" if path else "it is saved in the journal"
        self._tell(saved, outcome, f"{why}; {where}")

    def _write(self, saved: _Saved) -> str:
        """Write the object to a file, once; its path, empty when that cannot be done."""
        if saved.reference not in self._written:
            manifest = recreatable(saved.made.manifest)
            self._written[saved.reference] = self._tools.write_manifest(saved.reference, manifest)
        return self._written[saved.reference]

    def _tell(self, saved: _Saved, outcome: str, detail: str) -> None:
        self._tools.emitter.emit(
            ObjectUndone, step=saved.steps[-1], object=str(saved.reference), outcome=outcome, detail=detail
        )


def _other_address(saved: Made, state: ObjectState) -> str:
    """Says so when a service could not have its cluster IP again."""
    before, now = (spec_of(manifest).get("clusterIP") for manifest in (saved.manifest, state.manifest))
    if before == now:
        return ""
    return f"with the cluster IP {now}: its own, {before}, has been given to another service"
