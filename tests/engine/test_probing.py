"""Asking the outside before the audience sees the steps that need it."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.fakes import Script, World, step

from tutorial.engine.context import Context
from tutorial.engine.events import CommandStarted, Noticed
from tutorial.engine.plan import make_plan
from tutorial.engine.ports import Stop
from tutorial.engine.run import RunResult, RunSettings, run
from tutorial.errors import ExitCode
from tutorial.steps.model import Outside, Probe, Tutorial

STEPS = (
    step("pod", "say up", probe=Probe("answer", {"backend": "cluster"})),
    step("ask", "say asked", needs=("pod",)),
)
OUTSIDE = (
    Outside("${HOST}", "first"),
    Outside("the other", "second"),
    Outside("elsewhere", "third", when={"mesh": "ambient"}),
)


def play(world: World, backend: str, **options: str) -> RunResult:
    tutorial = Tutorial(
        name="test",
        path=Path(),
        title="Test",
        summary="",
        requires="cluster",
        variables={"HOST": "example.org"},
        sections={},
        steps=STEPS,
        outside=OUTSIDE,
    )
    plan = make_plan(tutorial, settings={}, facts={"backend": backend}, **options)  # type: ignore[arg-type]
    context = Context(plan, world.shell, world.tools())
    return run(context, Script(), RunSettings("r1", backend, backend, auto=True))


def warnings(world: World) -> list[str]:
    return [event.text for event in world.recorder.of(Noticed) if event.level == "warning"]  # type: ignore[attr-defined]


@pytest.fixture
def world() -> World:
    world = World(STEPS)
    world.shell.answers = {"first": ["here"], "second": ["here"]}
    return world


def test_what_answers_is_not_told(world: World) -> None:
    assert play(world, "cluster").exit_code is ExitCode.OK
    assert world.shell.ran == ["say up", "answer first", "answer second", "say asked"]
    assert warnings(world) == []
    shown = [event.command for event in world.recorder.of(CommandStarted)]  # type: ignore[attr-defined]
    assert shown == ["say up", "say asked"]


def test_what_does_not_answer_is_told_before_the_next_step_and_nothing_else_changes(world: World) -> None:
    world.shell.answers["first"] = [""]
    assert play(world, "cluster").exit_code is ExitCode.OK
    assert warnings(world) == [
        "example.org does not answer from the cluster (exit code 7). The steps that ask it will fail."
    ]
    assert world.shell.ran[-1] == "say asked"


def test_a_backend_that_the_probe_is_not_for_is_not_asked(world: World) -> None:
    assert play(world, "sandbox").exit_code is ExitCode.OK
    assert world.shell.ran == ["say up", "say asked"]


def test_a_step_that_is_done_unseen_is_probed_as_well(world: World) -> None:
    world.shell.answers["second"] = [""]
    assert play(world, "cluster", from_step="ask").exit_code is ExitCode.OK
    assert len(warnings(world)) == 1


def test_a_signal_ends_the_probe(world: World) -> None:
    world.shell.answers["first"] = [""]
    answered = world.shell.run

    def interrupted(command: str, **options: object) -> object:
        if command == "answer first":
            world.stopper.send(Stop.TERMINATE)
        return answered(command, **options)  # type: ignore[arg-type]

    world.shell.run = interrupted  # type: ignore[method-assign, assignment]
    assert play(world, "cluster").exit_code is ExitCode.TERMINATED
    assert "answer second" not in world.shell.ran
    assert warnings(world) == []
