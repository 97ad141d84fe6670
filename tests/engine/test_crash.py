"""Whatever a person decides, and whenever the process dies: rollback leaves the cluster as it was."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from engine.fakes import LESSON, Crash, Script, World, reference
from hypothesis import example, given
from hypothesis import strategies as st

from tutorial.engine.decisions import Action, Decision, Pause
from tutorial.engine.history import begun_steps, owned_objects
from tutorial.engine.ports import Stop
from tutorial.engine.rollback import roll_back

Answer = Decision | Callable[[Pause], Decision]


def half_done(pause: Pause) -> Decision:
    """The step's command, and a failure after it."""
    return Decision(Action.EDIT, pause.command + "\nfail")


STEP_IDS = [step.id for step in LESSON]
PLAIN = [each for each in Action if each not in (Action.JUMP, Action.EDIT, Action.KEEP)]
DECISIONS = st.one_of(
    st.just(Decision(Action.RUN)),
    st.sampled_from(PLAIN).map(Decision),
    st.sampled_from(STEP_IDS).map(lambda step: Decision(Action.JUMP, step)),
    st.sampled_from(["fail", "say x", "interrupt"]).map(lambda command: Decision(Action.EDIT, command)),
    st.just(half_done),
)


@given(st.lists(DECISIONS, max_size=25), st.integers(1, 400))
@example([], 1)
@example([], 60)
def test_a_crash_at_any_moment_and_a_rollback_leave_nothing(decisions: list[Answer], moment: int) -> None:
    world = World(LESSON)
    world.cluster.make("configmap/mine@default", applied=False)
    before = world.cluster.picture()
    world.moments.crash_at = moment
    with suppress(Crash):
        world.run(Script(*decisions))
    world.new_process()
    result = roll_back(world.tools())
    assert result.complete, result.left
    assert world.cluster.picture() == before
    assert begun_steps(world.journal.records()) == []
    assert owned_objects(world.journal.records()) == {}


@given(st.integers(1, 150), st.lists(st.integers(1, 40), max_size=4))
def test_a_rollback_that_dies_can_be_run_again(moment: int, deaths: list[int]) -> None:
    world = World(LESSON)
    before = world.cluster.picture()
    world.moments.crash_at = moment
    with suppress(Crash):
        world.run(Script(), auto=True)
    for death in deaths:
        world.new_process()
        world.moments.crash_at = world.moments.count + death
        with suppress(Crash):
            roll_back(world.tools())
    world.new_process()
    assert roll_back(world.tools()).complete
    assert world.cluster.picture() == before


@given(st.integers(1, 150), st.sampled_from(["service/web@default", "namespace/plain"]))
def test_what_another_made_after_the_crash_is_left(moment: int, theirs: str) -> None:
    """The crash rule takes an object only when it carries what the command sent."""
    world = World(LESSON)
    world.moments.crash_at = moment
    with suppress(Crash):
        world.run(Script(), auto=True)
    where = reference(theirs)
    if where in world.cluster.objects:
        world.cluster.remove(where)
    content = '{"kind": "other", "spec": {"made": "by somebody else"}}'
    uid = world.cluster.make(theirs, last_applied=content).uid
    world.new_process()
    roll_back(world.tools())
    assert world.cluster.objects[where].uid == uid


@given(st.lists(DECISIONS, max_size=20), st.integers(1, 200), st.sampled_from([Stop.TERMINATE, Stop.HANGUP]))
def test_a_signal_at_any_moment_leaves_nothing(decisions: list[Answer], moment: int, stop: Stop) -> None:
    world = World(LESSON)
    before = world.cluster.picture()
    passed = world.moments.pass_by

    def pass_by() -> None:
        passed()
        if world.moments.count == moment:
            world.stopper.send(stop)

    world.moments.pass_by = pass_by  # type: ignore[method-assign]
    world.run(Script(*decisions))
    assert world.cluster.picture() == before


def test_a_request_that_lands_late_is_found_by_the_second_look() -> None:
    world = World(LESSON)
    web = LESSON[3]
    before = world.cluster.picture()
    world.steps = (type(web)(**{**vars(web), "command": "interrupt\nmake service/web@default"}),)
    sleep = world.clock.sleep

    def land(seconds: float) -> bool:
        if reference("service/web@default") not in world.cluster.objects:
            world.cluster.make("service/web@default")
        world.clock.sleep = sleep  # type: ignore[method-assign]
        return sleep(seconds)

    world.clock.sleep = land  # type: ignore[method-assign]
    world.run(Script(), auto=True)
    assert world.cluster.picture() == before
    assert world.cluster.deletes == ["service/web@default"]
