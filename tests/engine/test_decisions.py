"""What a person may decide at a pause, and what becomes of it."""

from __future__ import annotations

import pytest
from engine.fakes import LESSON, Script, World, reference, says, step

from tutorial.engine.decisions import Action, Decision, PauseKind
from tutorial.engine.events import Noticed, StepEnded
from tutorial.errors import ExitCode

WEB = reference("service/web@default")
APP = reference("deployment/app@plain")
NO_APP = step("no-app", "delete deployment/app@plain", deletes=["deployment/app@plain"], needs=("app",))


@pytest.fixture
def world() -> World:
    return World(LESSON)


def ended(world: World) -> list[tuple[str, str]]:
    return [(event.step, event.outcome) for event in world.recorder.of(StepEnded)]


def test_a_step_is_asked_for_before_and_after_and_the_cleanup_is_announced(world: World) -> None:
    script = Script()
    world.run(script)
    assert script.places[:2] == [("BEFORE", "ns"), ("AFTER", "ns")]
    assert script.places[-5:] == [
        ("CLEANUP", "no-app"),
        ("BEFORE", "no-app"),
        ("AFTER", "no-app"),
        ("BEFORE", "no-ns"),
        ("AFTER", "no-ns"),
    ]


def test_a_pause_names_the_dependants_and_what_is_done(world: World) -> None:
    script = Script()
    world.run(script)
    first, second = script.pauses[0], script.pauses[2]
    assert first.dependants == ("App", "Pod", "No-App", "No-Ns")
    assert (first.number, first.total) == (1, 9)
    assert second.done == {"ns"}


def test_skipping_a_step_skips_those_that_need_it(world: World) -> None:
    assert world.run(Script(Action.SKIP)).exit_code is ExitCode.OK
    skipped = {step_id for step_id, outcome in ended(world) if outcome == "skipped"}
    assert skipped == {"ns", "app", "pod", "no-app", "no-ns"}
    reasons = {event.step: event.reason for event in world.recorder.of(StepEnded)}
    assert reasons["app"] == 'It needs the step "Ns", which is not done (skipped).'


def test_undo_removes_what_the_step_made_and_stands_before_it(world: World) -> None:
    seen: list[bool] = []

    def after_undo(pause: object) -> Decision:
        seen.append(APP in world.cluster.objects)
        return Decision(Action.QUIT)

    script = Script(Action.RUN, Action.RUN, Action.RUN, Action.UNDO, after_undo)
    world.run(script)
    assert script.places[3:5] == [("AFTER", "app"), ("BEFORE", "app")]
    assert seen == [False]


def test_undo_before_a_step_undoes_the_one_done_last(world: World) -> None:
    script = Script(Action.RUN, Action.RUN, Action.UNDO, Action.QUIT)
    world.run(script)
    assert script.places[2:4] == [("BEFORE", "app"), ("BEFORE", "ns")]
    assert world.cluster.deletes == ["namespace/plain"]


def test_undo_of_a_step_undoes_first_what_needs_it(world: World) -> None:
    back = [Action.BACK] * 3
    script = Script(*[Action.RUN] * 6, *back, Action.UNDO, Action.QUIT)
    world.run(script)
    assert [each for each in ended(world) if each[1] == "undone"] == [
        ("pod", "undone"),
        ("app", "undone"),
        ("ns", "undone"),
    ]


def test_undo_of_a_delete_makes_the_object_again_and_takes_its_variables_again() -> None:
    steps = (
        *LESSON[:3],
        step("no-app", "delete deployment/app@plain", deletes=["deployment/app@plain"], needs=("app",)),
    )
    world = World(steps)
    before = world.cluster.picture()
    seen: list[bool] = []

    def after_undo(pause: object) -> Decision:
        seen.append(APP in world.cluster.objects)
        return Decision(Action.QUIT)

    script = Script(*[Action.RUN] * 7, Action.UNDO, after_undo)
    assert world.run(script).exit_code is ExitCode.OK
    assert script.places[-2:] == [("AFTER", "no-app"), ("BEFORE", "no-app")]
    assert seen == [True]
    assert world.shell.ran.count("set POD app-1") == 2
    assert world.cluster.picture() == before, "what was made again is rolled back, too"


def test_undo_of_a_namespaces_deletion_makes_it_again_with_what_was_in_it() -> None:
    steps = (*LESSON[:2], step("no-ns", "delete namespace/plain", deletes=["namespace/plain"], needs=("ns",)))
    world = World(steps)
    seen: list[bool] = []

    def after_undo(pause: object) -> Decision:
        seen.append(APP in world.cluster.objects)
        return Decision(Action.QUIT)

    assert world.run(Script(*[Action.RUN] * 5, Action.UNDO, after_undo)).exit_code is ExitCode.OK
    assert seen == [True]
    assert reference("namespace/plain") not in world.cluster.objects


def test_again_undoes_first_what_cannot_be_repeated(world: World) -> None:
    script = Script(Action.RUN, Action.AGAIN, Action.QUIT)
    world.run(script)
    assert world.cluster.deletes[0] == "namespace/plain"
    assert world.shell.ran == ["create namespace/plain"] * 2


def test_again_repeats_a_repeatable_command_at_once() -> None:
    world = World((step("look", "say x", repeatable=True),))
    world.run(Script(Action.RUN, Action.AGAIN, Action.QUIT))
    assert world.shell.ran == ["say x"] * 2


def test_an_edited_command_is_judged_and_what_else_it_made_is_listed() -> None:
    world = World(
        (step("web", "make service/web@default", creates=["service/web@default"], expect=says("done")),)
    )
    edited = Decision(Action.EDIT, "make service/web@default\nmake configmap/mine@default")
    assert world.run(Script(edited)).exit_code is ExitCode.OK
    assert ended(world)[0] == ("web", "passed")
    assert WEB not in world.cluster.objects
    assert reference("configmap/mine@default") in world.cluster.objects
    assert any("kubectl delete configmap mine" in event.text for event in world.recorder.of(Noticed))


def test_a_failed_step_can_be_edited_and_then_counts_as_passed() -> None:
    world = World((step("one", "fail", expect=says("ok")),))
    script = Script(Action.RUN, Decision(Action.EDIT, "say ok"))
    assert world.run(script).exit_code is ExitCode.OK
    assert script.places[1] == ("FAILED", "one")
    assert script.pauses[1].verdict is not None
    assert not script.pauses[1].verdict.passed


def test_skipping_a_failed_step_goes_on_and_the_run_has_failed() -> None:
    world = World((step("one", "fail"), step("two", "say x")))
    assert world.run(Script(Action.RUN, Action.SKIP)).exit_code is ExitCode.STEP_FAILED
    assert ended(world) == [("one", "failed"), ("two", "passed")]


def test_looking_back_undoes_nothing_and_comes_forward_again(world: World) -> None:
    script = Script(Action.RUN, Action.RUN, Action.BACK, Action.RUN, Action.QUIT)
    world.run(script)
    assert script.places == [
        ("BEFORE", "ns"),
        ("AFTER", "ns"),
        ("BEFORE", "app"),
        ("AFTER", "ns"),
        ("BEFORE", "app"),
    ]
    assert world.shell.ran == ["create namespace/plain"]


def test_a_jump_does_what_the_target_needs(world: World) -> None:
    script = Script(Decision(Action.JUMP, "pod"), Action.QUIT)
    world.run(script)
    assert script.places[1] == ("BEFORE", "pod")
    assert world.shell.ran == ["create namespace/plain", "make deployment/app@plain"]


def test_a_jump_whose_preparation_fails_stands_at_the_failed_step(world: World) -> None:
    world = World((step("one", "fail"), step("two", "say x", needs=("one",))))
    script = Script(Decision(Action.JUMP, "two"), Action.QUIT)
    assert world.run(script).exit_code is ExitCode.STEP_FAILED
    assert script.places[1] == ("FAILED", "one")


def test_the_rest_of_a_section_goes_in_one_go(world: World) -> None:
    script = Script(Action.REST, Action.RUN, Action.REST)
    assert world.run(script).exit_code is ExitCode.OK
    assert script.places == [("BEFORE", "ns"), ("CLEANUP", "no-app"), ("BEFORE", "no-app")]


def test_the_rest_stops_at_a_failure() -> None:
    world = World((step("one", "say x"), step("two", "fail"), step("three", "say x")))
    script = Script(Action.REST, Action.SKIP)
    world.run(script)
    assert script.places == [("BEFORE", "one"), ("FAILED", "two")]


def test_a_shell_returns_to_the_same_pause(world: World) -> None:
    script = Script(Action.SHELL, Action.QUIT)
    world.run(script)
    assert [pause.kind for pause in script.pauses] == [PauseKind.BEFORE, PauseKind.BEFORE]


def test_quitting_rolls_back_and_is_no_failure(world: World) -> None:
    before = world.cluster.picture()
    assert world.run(Script(Action.RUN, Action.QUIT)).exit_code is ExitCode.OK
    assert world.cluster.picture() == before


def test_a_step_that_would_delete_what_is_not_ours_does_not_run() -> None:
    world = World(
        (step("no-other", "delete service/kubernetes@default", deletes=["service/kubernetes@default"]),)
    )
    assert world.run(Script(), auto=True).exit_code is ExitCode.STEP_FAILED
    assert world.shell.ran == []
