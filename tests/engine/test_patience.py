"""An API server that is away while things are undone: waited for, told of, given up, gone on with later."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from engine.fakes import Script, World, reference, step

from tutorial.engine.decisions import Action, Decision, Pause
from tutorial.engine.events import Noticed, ObjectUndone, RollbackEnded, Waiting
from tutorial.engine.ports import Stop
from tutorial.engine.rollback import roll_back
from tutorial.errors import ExitCode

STEPS = (
    step("flag", "say hello", cleanup="ask"),
    step("web", "make service/web@default", creates=["service/web@default"]),
)


def quit_when(happens: Callable[[], None], *, pauses: int = 3) -> Script:
    """Go on at these pauses (two a step), and then this happens, before the person quits."""

    def end(pause: Pause) -> Decision:
        happens()
        return Decision(Action.QUIT)

    return Script(*[Action.RUN] * pauses, end)


def away_for(world: World, asks: int, *, pauses: int = 3) -> Script:
    return quit_when(lambda: setattr(world.cluster, "away_for", asks), pauses=pauses)


def notices(world: World) -> list[str]:
    return [event.text for event in world.recorder.of(Noticed)]


def test_what_is_waited_for_is_told_and_that_it_is_back() -> None:
    world = World(STEPS)
    before = world.cluster.picture()
    assert world.run(away_for(world, 3)).exit_code is ExitCode.OK
    assert notices(world) == [
        "The API server cannot be reached. Waiting for it, 10 s at most; Ctrl-C ends the waiting.",
        "The API server answers again.",
    ]
    assert world.cluster.picture() == before


def starting(world: World, refusals: int) -> Script:
    """The server is away, and then refuses so many requests."""

    def restart() -> None:
        world.cluster.away_for, world.cluster.forbids_for = 2, refusals

    return quit_when(restart, pauses=1)


def test_a_server_that_comes_back_and_knows_no_roles_yet_is_waited_for() -> None:
    world = World((STEPS[1],))
    before = world.cluster.picture()
    assert world.run(starting(world, 3)).exit_code is ExitCode.OK
    assert world.cluster.picture() == before
    assert notices(world)[-1] == "The API server answers again."


def test_a_right_that_stays_missing_after_that_is_told() -> None:
    world = World((STEPS[1],))
    began = world.clock.now
    assert world.run(starting(world, 10_000)).exit_code is ExitCode.ROLLBACK_INCOMPLETE
    assert "service/web@default" in world.cluster.picture()
    assert world.clock.now - began < 60


def test_a_cleanup_waits_for_the_server_and_is_run_again_where_that_went_meanwhile() -> None:
    world = World(STEPS)
    run = world.shell.run
    ran: list[str] = []

    def run_and_go_away(command: str, **options: object) -> object:
        if command == "ask":
            ran.append(command)
            world.cluster.away_for = 2 if len(ran) == 1 else 0
        return run(command, **options)  # type: ignore[arg-type]

    world.shell.run = run_and_go_away  # type: ignore[method-assign, assignment]
    before = world.cluster.picture()
    assert world.run(away_for(world, 2)).exit_code is ExitCode.OK
    assert ran == ["ask", "ask"]
    assert world.recorder.of(RollbackEnded)[0].left == ()
    assert world.cluster.picture() == before


def test_once_given_up_nothing_more_is_asked_and_it_can_be_gone_on_with() -> None:
    world = World((*STEPS, step("more", "make service/more@default", creates=["service/more@default"])))
    before = world.cluster.picture()
    assert world.run(away_for(world, 10_000, pauses=5)).exit_code is ExitCode.ROLLBACK_INCOMPLETE
    asked = 10_000 - world.cluster.away_for
    assert 5 <= asked <= 12, "a wait of 10 s with a growing delay, once"
    assert world.shell.ran.count("ask") == 0
    told = [each.text for each in world.recorder.of(Noticed) if each.level == "warning"]
    assert len(told) == 1, "each object tells of its own failure"
    assert set(world.recorder.of(RollbackEnded)[0].left) == {
        "kubectl delete service more -n default",
        "kubectl delete service web -n default",
        "ask",
    }
    world.new_process()
    world.cluster.away_for = 0
    assert roll_back(world.tools()).complete
    assert world.cluster.picture() == before


def test_what_may_not_be_the_runs_is_not_named_for_deletion() -> None:
    """The command was cut off, and the server cannot be asked what it made."""
    world = World(
        (step("web", "make service/web@default\nsignal TERMINATE", creates=["service/web@default"]),)
    )
    run = world.shell.run

    def run_and_vanish(*arguments: object, **options: object) -> object:
        result = run(*arguments, **options)  # type: ignore[arg-type]
        world.cluster.away_for = 10_000
        return result

    world.shell.run = run_and_vanish  # type: ignore[method-assign, assignment]
    assert world.run(Script(), auto=True).exit_code is ExitCode.ROLLBACK_INCOMPLETE
    (left,) = world.recorder.of(RollbackEnded)[0].left
    assert left.startswith("# may be this run's\nkubectl get service web -n default ")


def test_a_control_c_ends_the_waiting_and_lists_what_is_left() -> None:
    world = World(STEPS)
    sleep = world.clock.sleep

    def interrupted(seconds: float) -> bool:
        world.stopper.send(Stop.INTERRUPT)
        return sleep(seconds)

    def vanish() -> None:
        world.cluster.away_for = 10_000
        world.clock.sleep = interrupted  # type: ignore[method-assign]

    assert world.run(quit_when(vanish)).exit_code is ExitCode.ROLLBACK_INCOMPLETE
    assert "The rollback was stopped." in notices(world)
    assert set(world.recorder.of(RollbackEnded)[0].left) == {
        "kubectl delete service web -n default",
        "ask",
    }


@pytest.mark.parametrize("stop", [Stop.TERMINATE, Stop.HANGUP])
def test_a_termination_in_the_rollback_does_not_stop_it(stop: Stop) -> None:
    world = World((step("flag", "say hello", cleanup=f"signal {stop.name}\nsay undone"), STEPS[1]))
    before = world.cluster.picture()
    world.run(Script(*[Action.RUN] * 3, Action.QUIT))
    assert world.recorder.of(RollbackEnded)[0].complete
    assert world.cluster.picture() == before


def test_a_key_ends_the_waiting_and_it_can_be_gone_on_with() -> None:
    world = World(STEPS)
    before = world.cluster.picture()
    sleep = world.clock.sleep
    waited: list[float] = []

    def press(seconds: float) -> bool:
        waited.append(seconds)
        sleep(seconds)
        return len(waited) == 3

    def vanish() -> None:
        world.cluster.away_for = 10_000
        world.clock.sleep = press  # type: ignore[method-assign]

    assert world.run(quit_when(vanish)).exit_code is ExitCode.ROLLBACK_INCOMPLETE
    assert len(waited) == 3
    told = [event for event in world.recorder.of(Waiting) if isinstance(event, Waiting)]
    assert [(event.attempt, event.timeout) for event in told] == [(1, 10), (2, 10), (3, 10)]
    world.new_process()
    world.clock.sleep = sleep  # type: ignore[method-assign]
    world.cluster.away_for = 0
    assert roll_back(world.tools()).complete
    assert world.cluster.picture() == before


def test_nobody_waits_for_a_sandbox_that_ends_in_the_rollback() -> None:
    world = World(STEPS)
    answer = world.cluster.lookup

    def end() -> None:
        def lookup(where: object) -> object:
            world.cluster.gone, world.cluster.away_for = True, 10_000
            return answer(where)  # type: ignore[arg-type]

        world.cluster.lookup = lookup  # type: ignore[method-assign, assignment]

    began = world.clock.now
    world.run(quit_when(end))
    assert world.clock.now == began
    assert not any("Waiting" in text for text in notices(world))
    assert reference("service/web@default") in world.cluster.objects
    assert [event.outcome for event in world.recorder.of(ObjectUndone)] == ["failed"]
