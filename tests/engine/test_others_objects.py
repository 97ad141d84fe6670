"""Somebody else makes an object of a run's kind and name in the middle of it: it is never touched."""

from __future__ import annotations

from contextlib import suppress

import pytest
from engine.fakes import LESSON, Crash, Script, World, reference, step

from tutorial.engine.decisions import Action
from tutorial.engine.events import Noticed, ObjectUndone
from tutorial.engine.rollback import roll_back
from tutorial.errors import ExitCode
from tutorial.steps.model import Retry

WEB = reference("service/web@default")
PLAIN = reference("namespace/plain")


def world_where_another_is_quicker(command: str, made: str, **fields: object) -> World:
    """Between the intent and the command's own request, another makes the same object."""
    world = World((step("web", command, creates=[made], **fields),))
    run = world.shell.run

    def run_second(*arguments: object, **options: object) -> object:
        if reference(made) not in world.cluster.objects:
            world.cluster.make(made)
        return run(*arguments, **options)  # type: ignore[arg-type]

    world.shell.run = run_second  # type: ignore[method-assign, assignment]
    return world


@pytest.mark.parametrize(
    ("command", "made", "code"),
    [
        ("make service/web@default", "service/web@default", ExitCode.OK),
        ("create namespace/plain", "namespace/plain", ExitCode.STEP_FAILED),
    ],
    ids=["apply", "create"],
)
def test_what_another_made_at_the_same_moment_is_not_the_runs(
    command: str, made: str, code: ExitCode
) -> None:
    """kubectl says that it found it; its content and its time are the same."""
    world = world_where_another_is_quicker(command, made)
    assert world.run(Script(), auto=True).exit_code is code
    assert reference(made) in world.cluster.objects
    assert world.cluster.deletes == []
    (told,) = [event.text for event in world.recorder.of(Noticed)]
    assert told.startswith(f"{made} is somebody else's")


def test_what_a_repeated_command_found_it_had_made_itself() -> None:
    world = World(
        (
            step(
                "web",
                "make service/web@default\nanswer ready",
                creates=["service/web@default"],
                repeatable=True,
                retry=Retry(2),
            ),
        )
    )
    world.shell.answers["ready"] = ["", "yes"]
    before = world.cluster.picture()
    assert world.run(Script(), auto=True).exit_code is ExitCode.OK
    assert world.cluster.picture() == before


def test_what_another_made_long_after_a_failed_command_is_not_the_runs() -> None:
    """The run waits at its failed step meanwhile; the content is what the step would have sent."""
    world = World((step("web", "fail service web default", creates=["service/web@default"]),))
    uids = []

    def at_the_failure(pause: object) -> object:
        world.clock.now += 600
        uids.append(world.cluster.make("service/web@default").uid)
        return Script(Action.QUIT).decide(pause)  # type: ignore[arg-type]

    world.run(Script(Action.RUN, at_the_failure))  # type: ignore[arg-type]
    assert world.cluster.objects[WEB].uid == uids[0]
    assert [event.outcome for event in world.recorder.of(ObjectUndone)] == ["foreign"]


@pytest.mark.parametrize("made", ["service/web@default", "namespace/plain"])
def test_what_another_made_long_after_a_crash_is_not_the_runs(made: str) -> None:
    """Whatever the moment of the crash, also between an intent and its command's request."""
    for moment in range(1, 130):
        world = World(LESSON)
        world.moments.crash_at = moment
        with suppress(Crash):
            world.run(Script(), auto=True)
        where = reference(made)
        if where in world.cluster.objects:
            world.cluster.remove(where)
        world.clock.now += 600
        uid = world.cluster.make(made, applied=made.startswith("service")).uid
        world.new_process()
        roll_back(world.tools())
        assert where in world.cluster.objects, moment
        assert world.cluster.objects[where].uid == uid, moment
