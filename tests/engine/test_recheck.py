"""Before each command: what the step needs may be gone, and the machine may have slept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from engine.fakes import LESSON, Script, World, reference, step

from tutorial.engine.decisions import Action, Decision, Pause, PauseKind
from tutorial.engine.events import Noticed, StepEnded, Waiting
from tutorial.engine.records import Outcome
from tutorial.errors import ExitCode, NotReadyError

WEB = reference("service/web@default")
APP = reference("deployment/app@plain")
BEFORE_LOOK = [Action.RUN] * 8
"""The answers up to the pause before `look`, which needs the service."""


@pytest.fixture
def world() -> World:
    return World(LESSON)


def removing(world: World, place: str) -> Callable[[Pause], Decision]:
    """Enter, after somebody else has deleted the object."""

    def press(pause: Pause) -> Decision:
        world.cluster.remove(reference(place))
        return Decision(Action.RUN)

    return press


def notices(world: World) -> list[str]:
    return [event.text for event in world.recorder.of(Noticed) if isinstance(event, Noticed)]


def test_what_is_gone_is_told_in_place_of_the_command_and_u_restores_it(world: World) -> None:
    seen: list[bool] = []

    def restored(pause: Pause) -> Decision:
        seen.append(WEB in world.cluster.objects)
        return Decision(Action.RUN)

    script = Script(*BEFORE_LOOK, removing(world, "service/web@default"), Action.UNDO, restored)
    assert world.run(script).exit_code is ExitCode.OK
    assert "service/web@default, made in step 4, is gone: u restores it." in notices(world)
    assert script.places[8:12] == [("BEFORE", "look")] * 3 + [("AFTER", "look")]
    assert seen == [True]
    assert world.shell.ran.count("say hello") == 1
    assert set(world.cluster.picture()) == {"service/kubernetes@default"}


def test_who_was_told_may_run_it_all_the_same(world: World) -> None:
    script = Script(*BEFORE_LOOK, removing(world, "service/web@default"), Action.RUN)
    world.run(script)
    assert script.places[8:11] == [("BEFORE", "look")] * 2 + [("AFTER", "look")]


def test_it_is_told_anew_at_another_step(world: World) -> None:
    remove = removing(world, "service/web@default")
    world.run(Script(*BEFORE_LOOK, remove, Action.BACK, Action.RUN, Action.RUN, Action.QUIT))
    assert notices(world).count("service/web@default, made in step 4, is gone: u restores it.") == 2


def test_going_on_alone_ends_there(world: World) -> None:
    world.shell.in_shell = lambda: world.cluster.remove(WEB)
    script = Script(*BEFORE_LOOK, Action.SHELL, Action.REST)
    world.run(script)
    assert script.places[8:11] == [("BEFORE", "look")] * 3


def test_what_was_replaced_is_left_alone(world: World) -> None:
    def put_another(pause: Pause) -> Decision:
        world.cluster.remove(WEB)
        world.cluster.make("service/web@default", last_applied='{"by": "somebody"}')
        return Decision(Action.RUN)

    script = Script(*BEFORE_LOOK, put_another, Action.UNDO, Action.RUN)
    world.run(script)
    assert notices(world)[:2] == [
        "service/web@default, made in step 4, was replaced by another, which is left alone. "
        "Enter runs the step all the same, e changes its command, q quits.",
        "There is nothing that u could restore. "
        "Enter runs the step all the same, e changes its command, q quits.",
    ]
    assert script.places[8:12] == [("BEFORE", "look")] * 3 + [("AFTER", "look")]
    assert world.cluster.objects[WEB].last_applied == '{"by": "somebody"}'


def test_what_is_gone_is_restored_beside_what_was_replaced() -> None:
    world = World((*LESSON[:4], step("use", "say x", needs=("web", "app"))))

    def replace_one_and_remove_one(pause: Pause) -> Decision:
        world.cluster.remove(WEB)
        world.cluster.make("service/web@default", last_applied='{"by": "somebody"}')
        world.cluster.remove(APP)
        return Decision(Action.RUN)

    script = Script(*BEFORE_LOOK, replace_one_and_remove_one, Action.UNDO, Action.RUN, Action.QUIT)
    world.run(script)
    assert script.places[8:12] == [("BEFORE", "use")] * 3 + [("AFTER", "use")]
    assert not any("Enter runs" in text for text in notices(world))


def holding(world: World) -> Callable[[Pause], Decision]:
    """Enter, after somebody has deleted the service, which a finalizer holds."""

    def press(pause: Pause) -> Decision:
        world.cluster.objects[WEB] = replace(world.cluster.objects[WEB], finalizers=("example.org/wait",))
        world.cluster.remove(WEB)
        return Decision(Action.RUN)

    return press


def test_what_is_still_being_deleted_is_waited_for_in_sight_and_u_tries_again(world: World) -> None:
    def free(pause: Pause) -> Decision:
        world.cluster.objects[WEB] = replace(world.cluster.objects[WEB], finalizers=())
        world.cluster.remove(WEB)
        return Decision(Action.UNDO)

    def restored(pause: Pause) -> Decision:
        assert not world.cluster.objects[WEB].terminating
        return Decision(Action.QUIT)

    script = Script(*BEFORE_LOOK, holding(world), Action.UNDO, free, restored)
    world.run(script)
    assert script.places[9:12] == [("BEFORE", "look")] * 3
    held = "It is held by the finalizer example.org/wait of service/web@default."
    assert f"Waiting for service/web@default to be gone. {held}" in notices(world)
    assert f"service/web@default is still being deleted. {held} Press u again later." in notices(world)
    waits = [event for event in world.recorder.of(Waiting) if isinstance(event, Waiting)]
    assert [event.attempt for event in waits] == list(range(1, len(waits) + 1))
    assert waits[-1].timeout - 1 < waits[-1].elapsed < waits[-1].timeout


def test_a_key_ends_the_waiting_for_it(world: World) -> None:
    def press(pause: Pause) -> Decision:
        world.clock.key_at = world.clock.now + 3
        return Decision(Action.UNDO)

    world.run(Script(*BEFORE_LOOK, holding(world), press, Action.KEEP))
    assert world.recorder.of(Waiting)[-1].elapsed < 3.5  # type: ignore[attr-defined]
    assert any("still being deleted" in text for text in notices(world))


def test_a_namespace_comes_back_with_what_the_run_had_in_it(world: World) -> None:
    def restored(pause: Pause) -> Decision:
        assert {"namespace/plain", "deployment/app@plain"} <= set(world.cluster.picture())
        return Decision(Action.QUIT)

    script = Script(*[Action.RUN] * 4, removing(world, "namespace/plain"), Action.UNDO, restored)
    assert world.run(script).exit_code is ExitCode.OK
    assert script.places[4] == ("BEFORE", "pod")
    assert set(world.cluster.picture()) == {"service/kubernetes@default"}


def test_variables_that_were_taken_from_it_are_taken_again() -> None:
    more = step("use", "say x", needs=("pod",))
    world = World((*LESSON[:3], more))
    script = Script(*[Action.RUN] * 6, removing(world, "deployment/app@plain"), Action.UNDO)
    assert world.run(script).exit_code is ExitCode.OK
    assert world.shell.ran.count("set POD app-1") == 2


def test_a_secret_cannot_be_restored_from_the_journal() -> None:
    token = step("token", "make secret/s@default", creates=["secret/s@default"])
    world = World((token, step("use", "say x", needs=("token",))))
    world.run(Script(*[Action.RUN] * 2, removing(world, "secret/s@default"), Action.UNDO))
    assert any("Go to step 1 and undo it; then run it again." in text for text in notices(world))
    made = [made for each in world.journal.kept if isinstance(each, Outcome) for made in each.made]
    assert [each.manifest for each in made] == [{}]


def test_unattended_it_fails_the_step_with_the_cause(world: World) -> None:
    class Meddling(Script):
        def decide(self, pause: Pause) -> Decision:
            if pause.step.id == "look" and pause.kind is PauseKind.BEFORE:
                world.cluster.remove(WEB)
            return super().decide(pause)

    assert world.run(Meddling(), auto=True).exit_code is ExitCode.STEP_FAILED
    (failed,) = (event for event in world.recorder.of(StepEnded) if event.outcome == "failed")  # type: ignore[attr-defined]
    assert failed.reason == (  # type: ignore[attr-defined]
        "service/web@default, made in step 4, is gone. "
        "Somebody else has deleted or replaced it during the run."
    )
    assert "say hello" not in world.shell.ran


def test_a_sandbox_that_has_ended_is_named(world: World) -> None:
    def end(pause: Pause) -> Decision:
        world.cluster.gone, world.cluster.away_for = True, 10_000
        return Decision(Action.RUN)

    world.run(Script(*BEFORE_LOOK, end))
    (failed,) = (event for event in world.recorder.of(StepEnded) if event.outcome == "failed")  # type: ignore[attr-defined]
    assert failed.reason == (  # type: ignore[attr-defined]
        "The sandbox has ended, and everything in it. Start again: egress-tutorial run test"
    )


def test_only_what_the_step_needs_is_looked_up(world: World) -> None:
    looked: list[str] = []
    lookup = world.cluster.lookup

    def watch(where: object) -> object:
        looked.append(str(where))
        return lookup(where)  # type: ignore[arg-type]

    def begin(pause: Pause) -> Decision:
        world.cluster.lookup = watch  # type: ignore[method-assign, assignment]
        return Decision(Action.RUN)

    world.run(Script(*BEFORE_LOOK, begin, Action.KEEP))
    assert looked == ["service/web@default"]


def sleeping(world: World, seconds: float = 3600.0) -> Callable[[Pause], Decision]:
    """Enter, after the machine has slept."""

    def press(pause: Pause) -> Decision:
        world.clock.asleep += seconds
        return Decision(Action.RUN)

    return press


def test_after_a_sleep_everything_is_looked_at_again(world: World) -> None:
    def press(pause: Pause) -> Decision:
        world.cluster.remove(APP)
        return sleeping(world)(pause)

    world.run(Script(*BEFORE_LOOK, press, Action.UNDO))
    assert "The machine slept for 1 hour. Looking whether all is as before." in notices(world)
    assert "deployment/app@plain, made in step 2, is gone: u restores it." in notices(world)


def test_a_sleep_is_noticed_once_and_a_nap_not_at_all(world: World) -> None:
    script = Script(*[Action.RUN] * 2, sleeping(world, 2.0), *[Action.RUN] * 5, sleeping(world))
    assert world.run(script).exit_code is ExitCode.OK
    assert sum("slept" in text for text in notices(world)) == 1


def test_facts_that_changed_meanwhile_are_told(world: World) -> None:
    def press(pause: Pause) -> Decision:
        world.cluster.known = {"kubernetes": "1.37", "mesh": "sidecar"}
        return sleeping(world)(pause)

    world.run(Script(*BEFORE_LOOK, press), facts={"kubernetes": "1.36", "mesh": "sidecar"})
    told = [text for text in notices(world) if "it was" in text]
    assert told == ["kubernetes is 1.37 now; it was 1.36. The run goes on with what held at its start."]


def test_a_network_that_needs_a_moment_is_waited_for(world: World) -> None:
    def press(pause: Pause) -> Decision:
        world.cluster.away_for = 3
        return sleeping(world)(pause)

    script = Script(*BEFORE_LOOK, press)
    assert world.run(script).exit_code is ExitCode.OK
    assert script.places[8:10] == [("BEFORE", "look"), ("AFTER", "look")]


def test_credentials_that_expired_meanwhile_fail_the_step_and_it_can_be_run_again(world: World) -> None:
    facts = world.cluster.facts

    def refuse() -> dict[str, str]:
        raise NotReadyError("The API server does not know you.", do="Log in again.")

    def press(pause: Pause) -> Decision:
        world.cluster.facts = refuse  # type: ignore[method-assign]
        return sleeping(world)(pause)

    def log_in(pause: Pause) -> Decision:
        assert pause.verdict is not None
        assert pause.verdict.fix == "Log in again."
        world.cluster.facts = facts  # type: ignore[method-assign]
        return Decision(Action.AGAIN)

    script = Script(*BEFORE_LOOK, press, log_in)
    assert world.run(script).exit_code is ExitCode.OK
    assert script.places[8:11] == [("BEFORE", "look"), ("FAILED", "look"), ("AFTER", "look")]
    assert sum("slept" in text for text in notices(world)) == 2
