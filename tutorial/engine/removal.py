"""Undoes one begun step: its cleanup commands, then its objects, by uid, and nothing else.

Used by `tutorial.engine.undo` for a step and by `tutorial.engine.rollback` for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tutorial.engine.by_hand import (
    delete_command,
    delete_unseen_command,
    free_command,
    look_command,
    with_remark,
)
from tutorial.engine.command import run_command
from tutorial.engine.context import Tools
from tutorial.engine.events import ObjectUndone
from tutorial.engine.foreign import all_made, descendants, foreign_contents
from tutorial.engine.history import Begun, adopted_objects, adopted_places, others_uids, owned_objects
from tutorial.engine.holding import finalizers_of, holders
from tutorial.engine.manifests import is_same
from tutorial.engine.own_changes import noting_own_changes, was_changed
from tutorial.engine.patience import Patience
from tutorial.engine.ports import ObjectState
from tutorial.engine.records import Undone
from tutorial.engine.sent import is_from
from tutorial.errors import TutorialError, in_words
from tutorial.steps.model import ObjectReference
from tutorial.steps.substitute import fill

_OWNERS_OF_PODS = frozenset(
    {"deployment", "replicaset", "statefulset", "daemonset", "job", "cronjob", "replicationcontroller"}
)


class Remover:
    """Undoes begun steps, one at a time. `left` collects the commands for what is still there;
    `cleaned` the steps whose cleanup commands have been run, `sought` those whose objects have been
    looked for.

    Args:
        purpose: `cleanup` (rollback) or `undo`, as in `CommandStarted`.
        objects: false where the objects vanish with their sandbox anyway.
    """

    def __init__(self, tools: Tools, *, purpose: str, objects: bool = True) -> None:
        self._tools = tools
        self._purpose = purpose
        self.objects = objects
        self.patience = Patience(tools)
        self.left: dict[str, None] = {}
        self.cleaned: set[str] = set()
        self.sought: set[str] = set()

    def remove(self, begun: Begun) -> bool:
        """Undo the step as far as possible; whether all of it is undone. The caller notes that.

        Raises:
            Stopped: Ctrl-C.
        """
        cleaned = self._clean_up(begun)
        return (not self.objects or self.remove_objects(begun)) and cleaned

    def remove_objects(self, begun: Begun) -> bool:
        """Delete what the step made and wait until it is gone; whether nothing is left."""
        targets, looked_up = self._targets(begun)
        self.sought.add(begun.step)
        offspring = self._offspring(targets)
        deleted = [target for target in reversed(targets) if self._delete(begun.step, target)]
        gone = self._confirm(begun.step, deleted)
        offspring_gone = self._confirm_offspring(begun.step, offspring)
        return looked_up and len(deleted) == len(targets) and gone and offspring_gone

    def remove_late(self, steps: Sequence[Begun]) -> set[str]:
        """Look again, after a while, for what the last requests of commands that were cut off have
        made; the steps of which something is left."""
        late = [step for step in steps if step.was_cut_off and step.unconfirmed and self.objects]
        if late:
            self._tools.clock.sleep(self._tools.limits.late)
        return {step.step for step in late if not self.remove_objects(step)}

    def _clean_up(self, begun: Begun) -> bool:
        """Run the step's cleanup commands, every one; whether all ended well."""
        results = [self._run_when_answered(begun, command) for command in begun.cleanup]
        self.cleaned.add(begun.step)
        return all(results)

    def _run_when_answered(self, begun: Begun, command: str) -> bool:
        """Run the command once the API server answers; again when it was away meanwhile."""
        if self.objects and not self.patience.answers():
            self._not_cleaned(begun, command)
            return False
        left, waits = dict(self.left), self.patience.waits
        if self._run(begun, command):
            return True
        if not self.objects or not self.patience.answers() or self.patience.waits == waits:
            return False
        self.left = left
        return self._run(begun, command)

    def _run(self, begun: Begun, command: str) -> bool:
        self.patience.check_stop()
        failure = "there is no shell to run it"
        if self._tools.shell is not None:
            try:
                with noting_own_changes(self._tools):
                    result = run_command(
                        self._tools,
                        self._tools.shell,
                        begun.step,
                        self._purpose,
                        command,
                        shown=fill(command, self._tools.settings),
                        timeout=self._tools.limits.cleanup,
                        steadfast=True,
                    )
            except TutorialError as error:
                failure = in_words(error)
            else:
                if result.exit_code == 0:
                    return True
                failure = f"exit code {result.exit_code}"
        shown = self._tools.masker.mask(fill(command, self._tools.settings))
        self._tools.emitter.notice(f"A cleanup of {begun.step} failed ({failure}): {shown}", "warning")
        self._not_cleaned(begun, command)
        return False

    def _not_cleaned(self, begun: Begun, command: str) -> None:
        self.left[begun.by_hand or self._tools.by_hand(command)] = None

    def _targets(self, begun: Begun) -> tuple[list[ObjectState], bool]:
        """The step's objects that are there now, and whether every one could be looked up."""
        owned = owned_objects(self._tools.ledger.records())
        known = {made.reference: uid for uid, (step, made) in owned.items() if step == begun.step}
        targets: list[ObjectState] = []
        looked_up = True
        references = list(dict.fromkeys((*known, *begun.unconfirmed)))
        there = self._look_at_all(references)
        for reference in references:
            try:
                state = there[reference] if reference in there else self._lookup(reference)
            except TutorialError as error:
                command = delete_unseen_command if reference in known else look_command
                by_hand = command(reference, self._tools.kubectl_options)
                self._still_there(begun.step, reference, "failed", in_words(error), by_hand)
                looked_up = False
                continue
            uid = known.get(reference, "")
            if state is None or self._was_there_before(state):
                if uid:
                    self._undone(begun.step, reference, "gone")
            elif self._is_ours(begun, state, uid):
                targets.append(state)
            elif reference in adopted_places(self._tools.ledger.records()):
                self._tools.ledger.note(Undone(begun.step, reference))  # told when it is to be put back
            else:
                self._undone(begun.step, reference, "foreign", "this run did not make the one that is there")
        return targets, looked_up

    def _was_there_before(self, state: ObjectState) -> bool:
        """Whether it is what the run found there, or has put back."""
        records = self._tools.ledger.records()
        saved = [made for (_, place), made in adopted_objects(records).items() if place == state.reference]
        return state.uid in others_uids(records) or (
            state.uid not in owned_objects(records)
            and any(is_same(each.manifest, state.manifest) for each in saved)
        )

    def _is_ours(self, begun: Begun, state: ObjectState, uid: str) -> bool:
        """Whether the step made it, by its `uid` where that is known, and nobody has changed it since
        in the place of an adopted object."""
        if uid:
            return state.uid == uid and not was_changed(self._tools, state)
        intent, latest = begun.intent_for(state.reference), begun.latest_for(state.reference)
        return is_from(intent, state, latest)

    def _delete(self, step: str, target: ObjectState) -> bool:
        """Ask for the deletion; false when it must not be or was refused."""
        reference = target.reference
        try:
            if reference.kind == "namespace":
                contents = self._contents(reference.name)
                made = all_made(self._tools.ledger.records())
                foreign = foreign_contents(contents, made, target.created)
                if foreign:
                    names = ", ".join(str(each.reference) for each in foreign)
                    command = delete_command(reference, self._tools.kubectl_options)
                    warned = with_remark(command, f"deletes {names}, too")
                    why = f"it holds what this run did not make: {names}"
                    self._still_there(step, reference, "failed", why, warned)
                    return False
            self.patience.call(self._tools.cluster.delete, reference, target.uid)
        except TutorialError as error:
            self._still_there(step, reference, "failed", in_words(error))
            return False
        return True

    def _confirm(self, step: str, deleted: Sequence[ObjectState]) -> bool:
        """Wait until the objects are gone and tell the fate of each."""
        try:
            left = self.patience.until_gone([(state.reference, state.uid) for state in deleted])
        except TutorialError as error:
            for state in deleted:
                self._still_there(step, state.reference, "failed", in_words(error))
            return False
        for state in deleted:
            now = left.get((state.reference, state.uid))
            if now is None:
                self._undone(step, state.reference, "deleted")
            else:
                self._tell_what_holds(step, now)
        return not left

    def _tell_what_holds(self, step: str, state: ObjectState) -> None:
        try:
            held = holders(state, self._contents)
        except TutorialError:
            held = []
        for each in held:
            self.left[free_command(each.reference, self._tools.kubectl_options)] = None
        if held:
            self._still_there(step, state.reference, "blocked", f"finalizer {finalizers_of(held)}")
        else:
            self._still_there(step, state.reference, "failed", "it is still being deleted")

    def _offspring(self, targets: Sequence[ObjectState]) -> list[ObjectState]:
        """The pods and replica sets of what is about to be deleted."""
        parents: dict[str, set[str]] = {}
        for state in targets:
            namespace = state.reference.namespace or _namespace_of(state.manifest)
            if state.reference.kind in _OWNERS_OF_PODS and namespace:
                parents.setdefault(namespace, set()).add(state.uid)
        found: list[ObjectState] = []
        try:
            for namespace, uids in parents.items():
                contents = self._contents(namespace)
                children = descendants(contents, uids) - uids
                found += [state for state in contents if state.uid in children]
        except TutorialError:
            return []
        return found

    def _confirm_offspring(self, step: str, offspring: Sequence[ObjectState]) -> bool:
        try:
            left = self.patience.until_gone([(state.reference, state.uid) for state in offspring])
        except TutorialError as error:
            self._tools.emitter.notice(in_words(error), "warning")
            return False
        for state in left.values():
            self._tell_what_holds(step, state)
        return not left

    def _look_at_all(
        self, references: Sequence[ObjectReference]
    ) -> Mapping[ObjectReference, ObjectState | None]:
        """The objects as they are now; none of them when one could not be looked at: then each is looked at
        by itself, and told by itself."""
        try:
            return self.patience.call(self._tools.cluster.lookup_all, references) if references else {}
        except TutorialError:
            return {}

    def _lookup(self, reference: ObjectReference) -> ObjectState | None:
        return self.patience.call(self._tools.cluster.lookup, reference)

    def _contents(self, namespace: str) -> Sequence[ObjectState]:
        return self.patience.call(self._tools.cluster.namespace_contents, namespace)

    def _still_there(
        self, step: str, reference: ObjectReference, outcome: str, detail: str, command: str = ""
    ) -> None:
        self.left[command or delete_unseen_command(reference, self._tools.kubectl_options)] = None
        self._undone(step, reference, outcome, detail)

    def _undone(self, step: str, reference: ObjectReference, outcome: str, detail: str = "") -> None:
        complete = outcome not in ("blocked", "failed")
        self._tools.ledger.note(Undone(step, reference, complete, detail))
        self._tools.emitter.emit(
            ObjectUndone, step=step, object=str(reference), outcome=outcome, detail=detail
        )


def _namespace_of(manifest: Mapping[str, object]) -> str:
    metadata = manifest.get("metadata")
    return str(metadata.get("namespace", "")) if isinstance(metadata, dict) else ""
