"""What a person agrees to before anything runs: commands from elsewhere, a cluster that is written to."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from tutorial.backends.backend import Backend
from tutorial.consent import commands_digest, may_write, trusts_commands
from tutorial.engine.plan import make_plan
from tutorial.errors import UsageError
from tutorial.options import RunOptions
from tutorial.shell.signals import Signals
from tutorial.steps.catalog import bundled_tutorials, find_tutorial, is_bundled
from tutorial.steps.loader import load_tutorial
from tutorial.steps.model import ObjectReference, Tutorial
from tutorial.ui.environment import Environment

CLUSTER = Backend(kind="cluster", label="cluster: kind\x1b[2J", server="https://192.0.2.1:6443")
NOBODY = Environment.resolve(variables={}, stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO())


@pytest.fixture
def mine(tmp_path: Path) -> Tutorial:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "tutorial.yaml").write_text(
        "title: Mine\nrequires: none\noutside: [{name: It, command: ask it}]\n"
    )
    (folder / "10-say.yaml").write_text(
        "title: Say it\ncommand: echo it\nuntil: {command: test -e it, expect: {exit_code: 0}}\n"
        "cleanup: {commands: [rm it]}\non_fail: [ls it]\nprobe: {behind: inside it}\n"
    )
    return load_tutorial(folder)


def trusts(tutorial: Tutorial, options: RunOptions | None = None, trusted: str = "") -> bool:
    with Signals() as signals:
        return trusts_commands(tutorial, options or RunOptions(), NOBODY, signals, trusted)


def test_what_comes_with_the_program_is_trusted() -> None:
    assert all(is_bundled(folder) and trusts(load_tutorial(folder)) for folder in bundled_tutorials())


def test_commands_from_elsewhere_are_refused_where_nobody_can_be_asked(mine: Tutorial) -> None:
    with pytest.raises(UsageError, match="nobody can be asked") as refused:
        trusts(mine)
    assert "--trust" in refused.value.do


def test_trust_can_be_given_by_the_flag_or_at_an_earlier_time(mine: Tutorial) -> None:
    assert trusts(mine, RunOptions(trust=True))
    assert trusts(mine, trusted=commands_digest(mine))
    with pytest.raises(UsageError):
        trusts(mine, trusted="another")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("echo it", "echo that"),
        ("test -e it", "true"),
        ("rm it", "rm -r it"),
        ("ls it", "ls"),
        ("inside it", "beside it"),
        ("ask it", "ask that"),
    ],
)
def test_the_digest_changes_with_every_command(mine: Tutorial, before: str, after: str) -> None:
    for file in mine.path.iterdir():
        file.write_text(file.read_text().replace(before, after))
    assert commands_digest(load_tutorial(mine.path)) != commands_digest(mine)


def test_what_is_written_is_said_where_nobody_can_be_asked() -> None:
    tutorial = load_tutorial(find_tutorial("externalname"))
    plan = make_plan(tutorial, settings={"NAMESPACE": "team"}, facts={"istio": "1.27"})
    environment = replace(NOBODY, stdout=io.StringIO())
    with Signals() as signals:
        assert may_write(CLUSTER, plan, RunOptions(auto=True), environment, signals, present=set())
        said = environment.stdout.getvalue()
        assert may_write(
            replace(CLUSTER, kind="sandbox"), plan, RunOptions(), environment, signals, present=set()
        )
    assert environment.stdout.getvalue() == said
    assert "\x1b" not in said
    for part in (
        "context kind",
        "https://192.0.2.1:6443",
        "team, without-istio",
        "in team: serviceaccount/sleep, service/sleep, deployment/sleep",
        " namespace/without-istio in without-istio: ",
    ):
        assert part in " ".join(said.split())


def test_a_namespace_made_beforehand_is_said_to_be_used_and_to_stay() -> None:
    plan = make_plan(load_tutorial(find_tutorial("externalname")), settings={}, facts={"istio": "1.27"})
    environment = replace(NOBODY, stdout=io.StringIO())
    present = {ObjectReference("namespace", "without-istio")}
    with Signals() as signals:
        assert may_write(CLUSTER, plan, RunOptions(auto=True), environment, signals, present=present)
    said = " ".join(environment.stdout.getvalue().split())
    assert "uses namespace/without-istio, which stays at the end" in said
    assert said.count("namespace/without-istio") == 1
