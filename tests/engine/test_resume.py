"""Coming back to a run that was kept or cut off."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine.fakes import LESSON, Crash, Script, World, reference, step

from tutorial.engine.decisions import Action
from tutorial.engine.events import RunStarted
from tutorial.engine.history import begun_steps
from tutorial.engine.ports import ObjectState, Stop
from tutorial.engine.records import Closed
from tutorial.errors import ClusterAwayError, ExitCode, NotReadyError, StoppedError
from tutorial.steps.model import ObjectReference


def kept_before(step_id: str) -> World:
    """A run that was kept at the pause before this step."""
    world = World(LESSON)
    ids = [each.id for each in LESSON]
    world.run(Script(*[Action.RUN] * 2 * ids.index(step_id), Action.KEEP))
    world.new_process()
    return world


def test_it_stands_at_the_same_step_and_ends_clean() -> None:
    world = kept_before("look")
    script = Script()
    assert world.run(script, resumed=True).exit_code is ExitCode.OK
    assert script.places[0] == ("BEFORE", "look")
    assert set(world.cluster.picture()) == {"service/kubernetes@default"}
    started = world.recorder.of(RunStarted)[0]
    assert isinstance(started, RunStarted)
    assert started.resumed


def test_variables_are_taken_again() -> None:
    world = kept_before("web")
    world.run(Script(Action.QUIT), resumed=True)
    assert world.shell.ran == ["set POD app-1"]


def test_what_is_missing_is_made_again() -> None:
    world = kept_before("look")
    world.cluster.remove(reference("namespace/plain"))
    world.run(Script(Action.KEEP), resumed=True)
    assert reference("deployment/app@plain") in world.cluster.objects
    assert "make service/web@${NAMESPACE}" not in world.shell.ran


def going_namespace(world: World) -> None:
    """As a rollback leaves it that was cut off: emptied, and not gone yet."""
    where = reference("namespace/plain")
    state = world.cluster.objects[where]
    world.cluster.remove(where)
    world.cluster.objects[where] = replace(state, terminating=True)


def test_a_namespace_that_is_still_going_is_waited_for_and_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = kept_before("look")
    going_namespace(world)
    waited: list[float] = []

    def let_it_go(seconds: float) -> bool:
        waited.append(seconds)
        if len(waited) == 3:
            del world.cluster.objects[reference("namespace/plain")]
        return False

    monkeypatch.setattr(world.clock, "sleep", let_it_go)
    world.run(Script(Action.KEEP), resumed=True)
    assert len(waited) == 3
    assert not world.cluster.objects[reference("namespace/plain")].terminating
    assert reference("deployment/app@plain") in world.cluster.objects


def test_a_namespace_that_does_not_go_keeps_the_run() -> None:
    world = kept_before("look")
    going_namespace(world)
    with pytest.raises(NotReadyError, match="namespace/plain is still being deleted"):
        world.run(Script(), resumed=True)
    assert world.journal.kept[-1] == Closed("kept", kept=True)
    assert world.shell.ran == []


def test_in_a_fresh_cluster_everything_is_made_again() -> None:
    world = kept_before("look")
    world.cluster.objects.clear()
    script = Script()
    assert world.run(script, resumed=True).exit_code is ExitCode.OK
    assert script.places[0] == ("BEFORE", "look")
    assert world.cluster.objects == {}


def test_what_a_later_step_deleted_is_not_missing() -> None:
    world = kept_before("no-app")
    script = Script(Action.QUIT)
    world.run(script, resumed=True)
    assert script.places[0] == ("CLEANUP", "no-app")
    assert world.shell.ran[:1] == ["set POD app-1"]
    assert "make service/web@${NAMESPACE}" not in world.shell.ran


@pytest.mark.parametrize("moment", range(1, 90, 4))
def test_a_run_that_was_cut_off_is_resumed_and_ends_clean(moment: int) -> None:
    world = World(LESSON)
    world.moments.crash_at = moment
    with pytest.raises(Crash):
        world.run(Script(), auto=True)
    world.new_process()
    assert world.run(Script(), auto=True, resumed=True).exit_code is ExitCode.OK
    assert set(world.cluster.picture()) == {"service/kubernetes@default"}


def test_a_cluster_that_is_away_leaves_the_run_as_it_was() -> None:
    world = kept_before("look")
    before = world.cluster.picture()
    world.cluster.away_for = 1_000
    with pytest.raises(ClusterAwayError):
        world.run(Script(), auto=True, resumed=True)
    assert world.cluster.picture() == before
    assert world.journal.kept[-1] == Closed("kept", kept=True)


def cut_off(command: str) -> World:
    """A run whose process died while this command was to make a service."""
    world = World((step("web", command, creates=["service/web@default"]),))
    world.moments.crash_at = 7
    with pytest.raises(Crash):
        world.run(Script(), auto=True)
    assert begun_steps(world.journal.records())[0].unconfirmed
    world.new_process()
    return world


def test_a_request_that_lands_late_is_found_before_the_step_is_done_again() -> None:
    world = cut_off("make service/web@default")
    world.cluster.remove(reference("service/web@default"))
    lookup = world.cluster.lookup

    def land(where: ObjectReference) -> ObjectState | None:
        """The request arrives just after the first look."""
        state = lookup(where)
        if where == reference("service/web@default"):
            world.cluster.make("service/web@default")
            world.cluster.lookup = lookup  # type: ignore[method-assign]
        return state

    world.cluster.lookup = land  # type: ignore[method-assign]
    assert world.run(Script(), auto=True, resumed=True).exit_code is ExitCode.OK
    assert set(world.cluster.picture()) == {"service/kubernetes@default"}


def test_a_control_c_before_it_goes_on_keeps_everything() -> None:
    world = cut_off("make service/web@default")
    world.stopper.send(Stop.INTERRUPT)
    with pytest.raises(StoppedError) as raised:
        world.run(Script(), auto=True, resumed=True)
    assert raised.value.exit_code is ExitCode.INTERRUPTED
    assert world.journal.kept[-1] == Closed("kept", kept=True)
    world.new_process()
    assert world.run(Script(), auto=True, resumed=True).exit_code is ExitCode.OK
    assert set(world.cluster.picture()) == {"service/kubernetes@default"}
