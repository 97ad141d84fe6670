"""Whole runs against an in-memory cluster: ends, exit codes, and that nothing is left."""

from __future__ import annotations

import pytest
from engine.fakes import LESSON, Script, World, reference, says, step

from tutorial.engine.decisions import Action, Decision, Pause, PauseKind
from tutorial.engine.events import (
    Noticed,
    ObjectUndone,
    RollbackEnded,
    RollbackStarted,
    RunEnded,
    RunStarted,
    StepEnded,
)
from tutorial.engine.history import begun_steps
from tutorial.engine.ports import Stop
from tutorial.engine.records import Closed
from tutorial.engine.rollback import roll_back
from tutorial.engine.run import RunResult
from tutorial.errors import AlreadyThereError, ExitCode, UsageError
from tutorial.expect.verdict import Verdict
from tutorial.steps.model import Expectation, JsonCheck, Retry, StreamExpectation, Until


@pytest.fixture
def world() -> World:
    return World(LESSON)


def outcomes(world: World) -> dict[str, str]:
    return {event.step: event.outcome for event in world.recorder.of(StepEnded)}


def test_a_whole_run_passes_and_the_rollback_has_nothing_to_delete(world: World) -> None:
    before = world.cluster.picture()
    result = world.run(Script(), auto=True)
    assert result.exit_code is ExitCode.OK
    assert set(outcomes(world).values()) == {"passed"}
    assert world.cluster.picture() == before
    assert world.cluster.deletes == []
    started, ended = world.recorder.of(RollbackStarted)[0], world.recorder.of(RollbackEnded)[0]
    assert (started.objects, ended.complete) == (0, True)
    run_ended = world.recorder.events[-1]
    assert isinstance(run_ended, RunEnded)
    assert (run_ended.outcome, run_ended.passed, run_ended.failed) == ("passed", 9, 0)
    assert "FLAG" not in world.shell.values
    assert world.journal.kept[-1] == Closed("passed", kept=False)


def test_stopping_half_way_rolls_everything_back_last_first(world: World) -> None:
    before = world.cluster.picture()
    assert world.run(Script(), auto=True, until_step="flag").exit_code is ExitCode.OK
    assert world.cluster.picture() == before
    assert world.cluster.deletes == ["service/web@default", "deployment/app@plain", "namespace/plain"]


def test_an_object_that_was_there_is_refused_before_the_first_step(world: World) -> None:
    world.cluster.make("service/web@default", owner="kubectl")
    world.clock.now += 7200
    before = world.cluster.picture()
    with pytest.raises(AlreadyThereError) as raised:
        world.run(Script(), auto=True)
    assert "service/web@default is 2 hours old, made by kubectl" in raised.value.what
    assert "kubectl delete service web -n default" in raised.value.do
    assert world.cluster.picture() == before
    assert world.shell.ran == []
    assert world.recorder.of(RunStarted) == []
    assert world.journal.kept == [Closed("failed")]


def test_an_empty_namespace_made_beforehand_is_used_and_stays(world: World) -> None:
    world.cluster.make("namespace/plain")
    before = world.cluster.picture()
    present: list[object] = []
    result = world.run(Script(), auto=True, may_begin=lambda found: present.extend(found) or True)
    assert result.exit_code is ExitCode.OK
    assert present == [reference("namespace/plain")]
    assert outcomes(world)["ns"] == "already"
    assert outcomes(world)["app"] == "passed"
    assert outcomes(world)["no-ns"] == "skipped"
    assert world.cluster.picture() == before


def test_policies_of_whoever_made_the_namespace_are_no_content(world: World) -> None:
    world.cluster.make("namespace/plain")
    for policy in ("role/attendee", "rolebinding/attendee", "resourcequota/small", "limitrange/small"):
        world.cluster.make(f"{policy}@plain")
    before = world.cluster.picture()
    assert world.run(Script(), auto=True).exit_code is ExitCode.OK
    assert outcomes(world)["ns"] == "already"
    assert world.cluster.picture() == before


def test_a_namespace_made_beforehand_that_holds_something_is_refused(world: World) -> None:
    world.cluster.make("namespace/plain", owner="kubectl-create")
    world.cluster.make("role/policy@plain")
    world.cluster.make("configmap/mine@plain")
    world.clock.now += 7200
    with pytest.raises(AlreadyThereError) as raised:
        world.run(Script(), auto=True)
    found = "namespace/plain is 2 hours old, made by kubectl-create, and holds configmap/mine"
    assert f"{found}. Nothing was touched." in raised.value.what
    assert world.shell.ran == []


def test_of_a_namespace_with_much_in_it_the_first_are_named_and_all_are_counted(world: World) -> None:
    world.variables = {"NAMESPACE": "default", "PLAIN_NAMESPACE": "plain"}
    world.cluster.make("namespace/plain")
    for name in ("deployment/a", "service/b", "secret/c", "configmap/d"):
        world.cluster.make(f"{name}@plain")
    with pytest.raises(AlreadyThereError) as raised:
        world.run(Script(), auto=True)
    assert "and holds 4 objects: configmap/d, deployment/a, secret/c and 1 more." in raised.value.what
    assert "--set PLAIN_NAMESPACE=" in raised.value.do


def test_a_namespace_that_is_going_is_refused_as_such(world: World) -> None:
    world.cluster.make("namespace/plain", terminating=True)
    with pytest.raises(AlreadyThereError, match="namespace/plain is 0 seconds old, and is being deleted"):
        world.run(Script(), auto=True)


def test_a_namespace_that_was_filled_during_the_run_is_refused_by_its_step(world: World) -> None:
    world.cluster.make("namespace/plain")
    world.shell.in_shell = lambda: world.cluster.make("configmap/mine@plain") and None
    world.run(Script(Action.SHELL, Action.RUN, Action.QUIT))
    (ended,) = [event for event in world.recorder.of(StepEnded) if event.step == "ns"]
    assert "namespace/plain is there, holds configmap/mine, and this run did not make it." in ended.reason


def test_an_object_that_appears_during_the_run_is_not_touched(world: World) -> None:
    world.shell.values["unused"] = ""
    world.steps = (
        step("other", "make service/web@default"),
        step("web", "make service/web@default", creates=["service/web@default"]),
    )
    assert world.run(Script(), auto=True, from_step="web").exit_code is ExitCode.OK
    world.new_process()
    world.journal.kept.clear()
    assert world.run(Script(), auto=True).exit_code is ExitCode.STEP_FAILED
    assert outcomes(world)["web"] == "failed"
    assert reference("service/web@default") in world.cluster.objects


def test_a_replaced_object_is_left_and_reported(world: World) -> None:
    def replace_it() -> None:
        world.cluster.remove(reference("service/web@default"))
        world.cluster.make("service/web@default")

    world.shell.in_shell = replace_it
    result = world.run(Script(*[Action.RUN] * 7, Action.SHELL, Action.QUIT))
    assert result.exit_code is ExitCode.OK
    undone = {event.object: event.outcome for event in world.recorder.of(ObjectUndone)}
    assert undone["service/web@default"] == "foreign"
    assert reference("service/web@default") in world.cluster.objects


def test_a_finalizer_that_blocks_is_named_with_the_commands(world: World) -> None:
    def hold_it() -> None:
        web = reference("service/web@default")
        state = world.cluster.objects[web]
        world.cluster.objects[web] = type(state)(**{**vars(state), "finalizers": ("example.com/hold",)})

    world.shell.in_shell = hold_it
    result = world.run(Script(*[Action.RUN] * 7, Action.SHELL, Action.QUIT))
    assert result.exit_code is ExitCode.ROLLBACK_INCOMPLETE
    blocked = [event for event in world.recorder.of(ObjectUndone) if event.outcome == "blocked"]
    assert "example.com/hold" in blocked[0].detail
    left = world.recorder.of(RollbackEnded)[0].left
    assert "kubectl delete service web -n default" in left
    assert any(command.startswith("kubectl patch service web -n default") for command in left)
    assert reference("namespace/plain") not in world.cluster.objects, "it must go on after a failure"
    assert world.journal.kept[-1] == Closed("quit", kept=True)


def test_a_namespace_with_something_foreign_is_left(world: World) -> None:
    world.shell.in_shell = lambda: world.cluster.make("configmap/mine@plain") and None
    result = world.run(Script(*[Action.RUN] * 3, Action.SHELL, Action.QUIT))
    assert result.exit_code is ExitCode.ROLLBACK_INCOMPLETE
    assert reference("configmap/mine@plain") in world.cluster.objects
    assert reference("deployment/app@plain") not in world.cluster.objects
    told = [each for each in world.recorder.of(RollbackEnded)[0].left if "delete namespace" in each]
    assert told == ["# deletes configmap/mine@plain, too\nkubectl delete namespace plain"]


def test_what_a_shell_made_is_listed_and_left(world: World) -> None:
    world.shell.in_shell = lambda: world.cluster.make("configmap/mine@default") and None
    assert world.run(Script(Action.RUN, Action.SHELL, Action.QUIT)).exit_code is ExitCode.OK
    notices = [event.text for event in world.recorder.of(Noticed)]
    assert any("kubectl delete configmap mine -n default" in text for text in notices)
    assert reference("configmap/mine@default") in world.cluster.objects


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("INTERRUPT", ExitCode.INTERRUPTED),
        ("TERMINATE", ExitCode.TERMINATED),
        ("HANGUP", ExitCode.HANGUP),
    ],
)
def test_a_signal_rolls_an_unattended_run_back(word: str, code: ExitCode) -> None:
    world = World((*LESSON[:4], step("stop", f"signal {word}"), *LESSON[4:]))
    before = world.cluster.picture()
    assert world.run(Script(), auto=True).exit_code is code
    assert world.cluster.picture() == before
    assert world.recorder.events[-1].outcome == "stopped"


def test_a_second_ctrl_c_stops_the_rollback_and_lists_what_is_left() -> None:
    world = World(
        (*LESSON[:4], step("trap", "say x", cleanup="signal INTERRUPT"), step("stop", "signal INTERRUPT"))
    )
    assert world.run(Script(), auto=True).exit_code is ExitCode.ROLLBACK_INCOMPLETE
    left = world.recorder.of(RollbackEnded)[0].left
    assert "kubectl delete service web -n default" in left
    assert "# deletes all that is in it\nkubectl delete namespace plain" in left
    assert reference("service/web@default") in world.cluster.objects


def test_ctrl_c_at_a_command_returns_to_the_pause() -> None:
    world = World((step("one", "interrupt", repeatable=True), step("two", "say x")))
    script = Script(Action.RUN, Action.AGAIN, Action.SKIP)
    assert world.run(script).exit_code is ExitCode.OK
    assert script.places[:3] == [("BEFORE", "one"), ("INTERRUPTED", "one"), ("INTERRUPTED", "one")]
    assert outcomes(world) == {"one": "skipped", "two": "passed"}


def test_a_terminal_that_goes_away_rolls_back(world: World) -> None:
    def gone(pause: object) -> None:
        raise OSError("no terminal")

    before = world.cluster.picture()
    result = world.run(Script(Action.RUN, Action.RUN, gone))  # type: ignore[arg-type]
    assert result.exit_code is ExitCode.HANGUP
    assert world.cluster.picture() == before


def test_a_view_that_fails_is_dropped_and_the_run_goes_on(world: World) -> None:
    class Broken:
        calls = 0

        def handle(self, event: object) -> None:
            self.calls += 1
            if self.calls == 5:
                raise BrokenPipeError("no reader")

    view = Broken()
    assert world.run(Script(), view, auto=True).exit_code is ExitCode.OK
    assert view.calls == 5
    assert any("Broken failed" in event.text for event in world.recorder.of(Noticed))


def test_a_defect_ends_the_run_with_all_put_back(world: World) -> None:
    def fail(pause: Pause) -> Decision:
        raise LookupError("a defect")

    before = world.cluster.picture()
    assert isinstance(world.run(Script(*[Action.RUN] * 6, fail)).defect, LookupError)
    assert world.cluster.picture() == before
    assert world.recorder.of(RollbackEnded)[0].complete
    assert world.journal.kept[-1] == Closed("failed")


@pytest.mark.parametrize("full_at", range(14))
def test_a_journal_that_fails_stops_new_steps_and_still_rolls_back(world: World, full_at: int) -> None:
    before = world.cluster.picture()
    world.journal.full_at = full_at
    result = world.run(Script(), auto=True)
    assert result.exit_code is ExitCode.NOT_READY
    assert world.cluster.picture() == before
    assert len(world.shell.ran) <= full_at // 2 + 2
    assert world.recorder.of(RollbackEnded)[0].complete


@pytest.mark.parametrize("full_at", range(1, 14))
def test_a_journal_that_can_be_written_again_during_the_rollback_lacks_nothing(
    world: World, full_at: int
) -> None:
    world.journal.full_at, world.journal.full_for = full_at, 2
    assert world.run(Script(), auto=True).exit_code is ExitCode.NOT_READY
    assert world.journal.kept[-1] == Closed("failed")
    assert begun_steps(world.journal.kept) == []
    assert not any("does not know" in event.text for event in world.recorder.of(Noticed))


def test_a_journal_that_stays_full_is_to_be_closed_by_another_rollback(world: World) -> None:
    world.journal.full_at = 5
    assert world.run(Script(), auto=True).exit_code is ExitCode.NOT_READY
    assert any("egress-tutorial rollback" in event.text for event in world.recorder.of(Noticed))
    world.journal.full_at = 10_000
    world.new_process()
    assert roll_back(world.tools()).complete
    assert begun_steps(world.journal.kept) == []


@pytest.mark.parametrize("quietly", [False, True])
def test_a_carried_state_that_cannot_be_written_stops_new_steps(world: World, quietly: bool) -> None:
    world.steps = (
        *LESSON[:2],
        step("full", "make service/own@plain\nfill", creates=["service/own@plain"], cleanup="say tidied"),
        step("next", "say unrecorded", needs=("full",)),
    )
    before = world.cluster.picture()
    result = world.run(Script(), auto=True, from_step="next" if quietly else None)
    assert result.exit_code is ExitCode.NOT_READY
    assert "say unrecorded" not in world.shell.ran
    assert "say tidied" in world.shell.ran
    assert world.cluster.picture() == before
    assert world.journal.kept[-1] == Closed("failed")


@pytest.mark.parametrize(
    ("stop", "code"), [(Stop.TERMINATE, ExitCode.TERMINATED), (Stop.HANGUP, ExitCode.HANGUP)]
)
def test_a_signal_during_the_rollback_lets_it_finish(world: World, stop: Stop, code: ExitCode) -> None:
    world.steps = (*LESSON[:3], step("flag", "set FLAG on", cleanup=f"signal {stop.name}\nunset FLAG"))
    before = world.cluster.picture()
    assert world.run(Script(*[Action.RUN] * 7, Action.QUIT)).exit_code is code
    assert world.recorder.of(RollbackEnded)[0].complete
    assert world.cluster.picture() == before
    assert "FLAG" not in world.shell.values
    assert world.journal.kept[-1] == Closed("quit")


def test_rollback_waits_for_an_api_server_that_is_away(world: World) -> None:
    world.steps = (*LESSON[:4], step("bad", "fail"))

    def go_away(pause: object) -> object:
        world.cluster.away_for = 5
        return Script().decide(pause)  # type: ignore[arg-type]

    before = world.cluster.picture()
    run = Script(*[Action.RUN] * 8, Action.RUN, go_away)  # type: ignore[arg-type]
    assert world.run(run).exit_code is ExitCode.STEP_FAILED
    assert world.cluster.picture() == before


def test_an_api_server_that_stays_away_ends_in_exit_5_with_the_commands(world: World) -> None:
    def go_away(pause: object) -> object:
        world.cluster.away_for = 10_000
        return Action.QUIT

    script = Script(*[Action.RUN] * 7, lambda pause: (go_away(pause), Script(Action.QUIT).decide(pause))[1])
    assert world.run(script).exit_code is ExitCode.ROLLBACK_INCOMPLETE
    assert "kubectl delete service web -n default" in world.recorder.of(RollbackEnded)[0].left
    assert world.clock.now < 1_000_000 + 60


def test_commands_for_a_person_choose_the_cluster(world: World) -> None:
    """They are copied into another shell, where another cluster may be the current one."""
    world.kubectl_options = "--context kind"
    world.cluster.refuses = {"service/web@default", "namespace/plain"}
    world.run(Script(*[Action.RUN] * 8, Action.QUIT))
    left = world.recorder.of(RollbackEnded)[0].left
    assert left[0] == "kubectl delete service web -n default --context kind"
    assert all(command.endswith(" --context kind") for command in left)


def test_a_sandbox_that_ends_in_the_middle_takes_its_objects_with_it(world: World) -> None:
    def end_sandbox(pause: Pause) -> Decision:
        world.cluster.gone = True
        world.cluster.away_for = 10_000
        return Decision(Action.RUN)

    script = Script(*[Action.RUN] * 7, end_sandbox)
    assert world.run(script) == RunResult(ExitCode.NOT_READY, kept=False)
    assert "FAILED" not in [kind for kind, _ in script.places], (
        "nobody is asked to try again what cannot work"
    )
    assert any("The sandbox has ended" in event.text for event in world.recorder.of(Noticed))
    assert world.recorder.of(ObjectUndone) == []
    assert world.clock.now < 1_000_010, "nobody waits for a sandbox that has ended"


def test_keep_ends_without_a_rollback(world: World) -> None:
    result = world.run(Script(*[Action.RUN] * 7, Action.KEEP))
    assert (result.exit_code, result.kept) == (ExitCode.OK, True)
    assert reference("service/web@default") in world.cluster.objects
    assert world.recorder.of(RollbackStarted) == []
    assert world.journal.kept[-1] == Closed("kept", kept=True)


def test_keep_on_failure_keeps_only_a_failed_run(world: World) -> None:
    assert world.run(Script(), auto=True, keep="failure").kept is False
    failing = World((LESSON[3], step("bad", "fail")))
    result = failing.run(Script(), auto=True, keep="failure")
    assert (result.exit_code, result.kept) == (ExitCode.STEP_FAILED, True)
    assert reference("service/web@default") in failing.cluster.objects


def test_from_does_what_is_needed_quietly(world: World) -> None:
    script = Script()
    assert world.run(script, from_step="look").exit_code is ExitCode.OK
    assert script.places[0] == ("BEFORE", "look")
    ready = ["create namespace/plain", "make deployment/app@plain", "make service/web@${NAMESPACE}"]
    assert world.shell.ran[:4] == [*ready, "say hello"]


def test_an_unknown_step_or_setting_is_a_usage_error(world: World) -> None:
    with pytest.raises(UsageError, match="There is no step loo") as raised:
        world.run(Script(), from_step="loo")
    assert raised.value.do == "Did you mean look?"


def test_until_waits_and_passes() -> None:
    until = Until("answer ready", says("yes"), timeout=10)
    world = World((step("wait", "say x", until=until),))
    world.shell.answers["ready"] = ["no", "no", "yes"]
    assert world.run(Script(), auto=True).exit_code is ExitCode.OK
    assert world.shell.ran.count("answer ready") == 3


def test_until_gives_up_after_its_timeout() -> None:
    until = Until("answer ready", says("yes"), timeout=4)
    world = World((step("wait", "say x", until=until),))
    world.shell.answers["ready"] = ["no"]
    assert world.run(Script(), auto=True).exit_code is ExitCode.STEP_FAILED
    assert world.shell.ran.count("answer ready") == 5
    assert _verdict(world).mismatches[0].reason == "It did not hold within 4 s (5 tries)."


def test_a_key_ends_an_until() -> None:
    until = Until("answer ready", says("yes"), timeout=100)
    world = World((step("wait", "say x", until=until),))
    world.shell.answers["ready"] = ["no"]
    world.clock.key_at = world.clock.now + 3
    assert world.run(Script()).exit_code is ExitCode.STEP_FAILED
    assert _verdict(world).mismatches[0].reason == "Waiting was stopped by a key after 2 s."


def test_retry_repeats_a_repeatable_command() -> None:
    flaky = step("flaky", "answer it", repeatable=True, retry=Retry(3, 2), expect=says("yes"))
    world = World((flaky,))
    world.shell.answers["it"] = ["no", "no", "yes"]
    assert world.run(Script(), auto=True).exit_code is ExitCode.OK


@pytest.mark.parametrize(("control", "code"), [("up", ExitCode.STEP_FAILED), ("", ExitCode.NOT_READY)])
def test_a_control_tells_whether_the_outside_is_down(control: str, code: ExitCode) -> None:
    steps = (
        step("plain", "answer outside", repeatable=True, expect=says("up")),
        step("mesh", "answer inside", control="plain", expect=says("up"), on_fail=("say why",)),
    )
    world = World(steps)
    world.shell.answers = {"outside": ["up", control], "inside": [""]}
    assert world.run(Script(), auto=True).exit_code is code
    assert world.shell.ran == ["answer outside", "answer inside", "answer outside", "say why"]
    assert _verdict(world).cause.startswith("The outside is down") == (not control)


def test_a_control_that_fails_itself_means_that_the_outside_is_down() -> None:
    steps = (
        step("plain", "answer outside", expect=says("up")),
        step("mesh", "say up", control="plain", expect=says("up")),
    )
    world = World(steps)
    world.shell.answers = {"outside": [""]}
    assert world.run(Script(), auto=True).exit_code is ExitCode.NOT_READY


def test_captured_values_are_variables_of_later_steps() -> None:
    json = Expectation(streams={"stdout": StreamExpectation(json=(JsonCheck("a", "^1$"),))})
    steps = (
        step("take", 'say {"a": 1, "b": "x7"}', expect=(json,), capture={"B": "{.b}"}),
        step("lack", "say nothing", capture={"C": "c=([0-9]+)"}),
    )
    world = World(steps)
    assert world.run(Script(), auto=True).exit_code is ExitCode.STEP_FAILED
    assert world.shell.values["B"] == "x7"
    assert outcomes(world) == {"take": "passed", "lack": "failed"}


def test_a_sandbox_that_ends_with_the_run_needs_no_deleting(world: World) -> None:
    assert world.run(Script(), auto=True, until_step="flag", disposable=True).exit_code is ExitCode.OK
    assert world.cluster.deletes == []
    assert "unset FLAG" in world.shell.ran


def test_output_is_safe_and_masked() -> None:
    world = World((step("one", "say \x1b]0;title\x07token: Bearer abcdefghijklmnopqrstuvwxyz"),))
    world.run(Script(), auto=True)
    text = "".join(getattr(event, "text", "") for event in world.recorder.events)
    assert "title" not in text
    assert "abcdefghijklmnop" not in text


def _verdict(world: World) -> Verdict:
    verdicts = [event.verdict for event in world.recorder.events if hasattr(event, "verdict")]
    assert isinstance(verdicts[-1], Verdict)
    return verdicts[-1]


def test_a_step_before_which_the_cluster_cannot_be_asked_has_failed(world: World) -> None:
    class Away(Script):
        def decide(self, pause: Pause) -> Decision:
            if pause.step.id == "web" and pause.kind is PauseKind.BEFORE:
                world.cluster.away_for = 1
            return super().decide(pause)

    assert world.run(Away(), auto=True).exit_code is ExitCode.NOT_READY
    assert world.journal.kept[-1] == Closed("failed")
