"""Two users and others on one cluster: whatever was there before, and in whatever order runs, crashes,
resumes, rollbacks and others' doings come, no run touches what it did not make, and a complete rollback
leaves nothing that it made.

Others act between the requests of a command and long after a crash, not between a rollback's look at a
namespace and its deletion: for that moment Kubernetes has no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from engine.fakes import LESSON, Crash, FakeCluster, MemoryJournal, Moments, Script, World, reference
from engine.test_crash import DECISIONS, Answer
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tutorial.engine.history import is_anything_to_undo
from tutorial.engine.ports import ObjectState
from tutorial.engine.rollback import roll_back
from tutorial.errors import AlreadyThereError, ExitCode, TutorialError
from tutorial.steps.model import ObjectReference

OTHERS = "others"
USERS = ("first", "second")
LONG = 100.0
"""Seconds after which no command of a run that crashed can have gone on."""

NAMED = ("namespace/plain", "deployment/app@plain", "service/web@default")
BESIDE = ("configmap/theirs@plain", "configmap/theirs@default", "service/website@default")
OBJECTS = st.sampled_from((*NAMED, *BESIDE))
MOMENTS = st.none() | st.integers(1, 150)
STATES = st.sampled_from(("absent", "present", "labelled", "terminating", "finalized", "owned"))


class WatchedCluster(FakeCluster):
    """Knows who made each object, and notes what is done to another's."""

    def __init__(self, clock: object, moments: Moments) -> None:
        super().__init__(clock, moments)  # type: ignore[arg-type]
        self.actor = OTHERS
        self.makers: dict[str, str] = {}
        self.harms: list[str] = []

    def make(self, text: str, **how: object) -> ObjectState:  # type: ignore[override]
        state = super().make(text, **how)  # type: ignore[arg-type]
        self.makers[state.uid] = self.actor
        return state

    def change(self, text: str, **content: object) -> ObjectState:
        self._note_harm("changed", self.objects[reference(text)])
        return super().change(text, **content)

    def remove(self, where: ObjectReference) -> None:
        self._note_harm("deleted", self.objects[where])
        super().remove(where)

    def made_by(self, actor: str) -> list[str]:
        return [str(where) for where, state in self.objects.items() if self.makers[state.uid] == actor]

    def _note_harm(self, what: str, state: ObjectState) -> None:
        maker = self.makers.get(state.uid, self.actor)
        if self.actor not in (OTHERS, maker):
            self.harms.append(f"{self.actor} {what} {state.reference}, which {maker} made")


class TwoUsersAndOthers(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.users = {name: World(LESSON) for name in USERS}
        self.clock = self.users[USERS[0]].clock
        self.cluster = WatchedCluster(self.clock, Moments())
        for world in self.users.values():
            world.cluster, world.clock = self.cluster, self.clock
        self.cluster.make("service/kubernetes@default", applied=False)

    @initialize(before=st.fixed_dictionaries(dict.fromkeys((*NAMED, *BESIDE), STATES)))
    def something_is_there(self, before: Mapping[str, str]) -> None:
        for text, how in before.items():
            if how != "absent":
                self._others_make(text, how)

    @rule(user=st.sampled_from(USERS), decisions=st.lists(DECISIONS, max_size=20), moment=MOMENTS)
    def run(self, user: str, decisions: list[Answer], moment: int | None) -> None:
        """A run of a user's who has none that was left."""
        if not self._has_left(user):
            self.users[user].journal = MemoryJournal(self.users[user].moments)
            self._go(user, decisions, moment)

    @rule(user=st.sampled_from(USERS), command=st.integers(1, 8))
    def run_while_others_are_quicker(self, user: str, command: int) -> None:
        """Just before one of its commands, others make what that is to make."""

        def make_it_first(text: str) -> None:
            word, _, made = text.replace("${NAMESPACE}", "default").strip().partition(" ")
            if word in ("make", "create"):
                self._others_make(made, "present", as_applied=word == "make")
                self.cluster.actor = user

        self._run_with_event(user, command, make_it_first)

    @rule(user=st.sampled_from(USERS), command=st.integers(1, 6))
    def run_that_dies_before_its_command(self, user: str, command: int) -> None:
        """Its intent is on disk, and nothing is made."""

        def die(_: str) -> None:
            raise Crash

        self._run_with_event(user, command, die)

    @rule(user=st.sampled_from(USERS), decisions=st.lists(DECISIONS, max_size=10), moment=MOMENTS)
    def resume(self, user: str, decisions: list[Answer], moment: int | None) -> None:
        if self._has_left(user):
            self._go(user, decisions, moment, resumed=True)

    @rule(user=st.sampled_from(USERS), moment=st.none() | st.integers(1, 40), away=st.integers(0, 30))
    def roll_back(self, user: str, moment: int | None, away: int) -> None:
        self.cluster.away_for = away
        self._roll_back(user, moment)
        self.cluster.away_for = 0

    @rule(text=OBJECTS, how=STATES, as_applied=st.booleans())
    def others_make(self, text: str, how: str, as_applied: bool) -> None:
        self.clock.now += LONG
        self._others_make(text, how, as_applied=as_applied)

    @rule(text=OBJECTS)
    def others_delete(self, text: str) -> None:
        if reference(text) in self.cluster.objects:
            self.cluster.remove(reference(text))

    @rule(text=OBJECTS)
    def others_hold(self, text: str) -> None:
        self._set_finalizers(text, ("example.com/hold",))

    @rule()
    def others_free(self) -> None:
        for where in list(self.cluster.objects):
            self._set_finalizers(str(where), ())

    @rule()
    def time_passes(self) -> None:
        self.clock.now += 3600

    @invariant()
    def nobody_was_harmed(self) -> None:
        assert self.cluster.harms == []

    def teardown(self) -> None:
        """In the end, with nothing in the way, everything that runs made is gone."""
        self.others_free()
        for text in (*NAMED, *BESIDE):
            state = self.cluster.objects.get(reference(text))
            if state is not None and self.cluster.makers[state.uid] == OTHERS and "@plain" in text:
                self.cluster.remove(reference(text))
        for user in (*USERS, *USERS):
            self._roll_back(user, None)
        for user in USERS:
            assert not self._has_left(user)
            assert self.cluster.made_by(user) == []
        self.nobody_was_harmed()

    def _has_left(self, user: str) -> bool:
        return is_anything_to_undo(self.users[user].journal.records())

    def _run_with_event(self, user: str, command: int, happens: Callable[[str], None]) -> None:
        """An unattended run of a user's who has none that was left; just before its command of that
        number something happens."""
        if self._has_left(user):
            return
        world = self.users[user]
        world.journal = MemoryJournal(world.moments)
        world.new_process()
        shell_run, count = world.shell.run, 0

        def run(text: str, **options: object) -> object:
            nonlocal count
            count += 1
            if count == command:
                happens(text)
            return shell_run(text, **options)  # type: ignore[arg-type]

        world.shell.run = run  # type: ignore[method-assign, assignment]
        self._go(user, [], None, new_process=False)

    def _go(
        self,
        user: str,
        decisions: list[Answer],
        moment: int | None,
        *,
        resumed: bool = False,
        new_process: bool = True,
    ) -> None:
        world = self._become(user, moment, new_process=new_process)
        result = None
        with suppress(Crash, AlreadyThereError, TutorialError):
            result = world.run(Script(*decisions), auto=not decisions, resumed=resumed)
        self.cluster.actor = OTHERS
        if result is not None and not result.kept and result.exit_code is not ExitCode.ROLLBACK_INCOMPLETE:
            assert self.cluster.made_by(user) == []

    def _roll_back(self, user: str, moment: int | None) -> None:
        world = self._become(user, moment)
        complete = False
        with suppress(Crash):
            complete = roll_back(world.tools()).complete
        self.cluster.actor = OTHERS
        if complete:
            assert self.cluster.made_by(user) == []

    def _become(self, user: str, moment: int | None, *, new_process: bool = True) -> World:
        """What is done from now on is this user's doing; the process dies at that moment."""
        self.clock.now += LONG
        world = self.users[user]
        if new_process:
            world.new_process()
        world.moments.crash_at = world.moments.count + moment if moment else -1
        self.cluster.moments = world.moments
        self.cluster.actor = user
        return world

    def _others_make(self, text: str, how: str, *, as_applied: bool = True) -> None:
        where = reference(text)
        has_place = (
            where.namespace in (None, "default") or reference("namespace/plain") in self.cluster.objects
        )
        if where in self.cluster.objects or not has_place or how == "absent":
            return
        actor, self.cluster.actor = self.cluster.actor, OTHERS
        content = {"metadata": {"labels": {"by": "others"}}} if how == "labelled" else None
        owners = ("somebody",) if how == "owned" else ()
        self.cluster.make(text, applied=as_applied, content=content, owners=owners)
        if how in ("terminating", "finalized"):
            self._set_finalizers(text, ("example.com/hold",))
        if how == "terminating":
            self.cluster.remove(where)
        self.cluster.actor = actor

    def _set_finalizers(self, text: str, finalizers: tuple[str, ...]) -> None:
        where = reference(text)
        state = self.cluster.objects.get(where)
        if state is not None:
            self.cluster.objects[where] = replace(state, finalizers=finalizers)
            if state.terminating and not finalizers:
                self.cluster.remove(where)


TestTwoUsersAndOthers = TwoUsersAndOthers.TestCase
TestTwoUsersAndOthers.settings = settings(max_examples=60, stateful_step_count=14, deadline=None)
