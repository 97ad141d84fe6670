"""Two at once on one cluster: each is told what goes on and by whom, none waits, and nothing of another's
is touched.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from end_to_end.machine import Machine, wait_until
from on_a_cluster.faults import Hold, Rule
from on_a_cluster.lesson import APPLY, CREATE, NAMESPACE, write_lesson
from on_a_cluster.proxy import FaultProxy
from on_a_cluster.user import User, wait_for_file

pytestmark = pytest.mark.sandbox

PAUSE = "title: Wait\ncommand: touch MARK; while [ -e MARK ]; do sleep 0.02; done\n"


@contextmanager
def run_that_waits(user: User, *steps: str) -> Iterator[subprocess.Popen[str]]:
    """A run that waits after these steps, and goes on when the body is over."""
    mark = user.machine.folder / "mark"
    folder = user.machine.folder / "waits"
    with user.start(write_lesson(folder, *steps, PAUSE.replace("MARK", str(mark)), APPLY)) as process:
        wait_for_file(mark)
        yield process
        mark.unlink()
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said


@pytest.mark.parametrize("steps", [(CREATE, NAMESPACE), ()], ids=["made", "nothing made yet"])
def test_a_second_run_is_told_of_the_first(user: User, lesson: Path, steps: tuple[str, ...]) -> None:
    with run_that_waits(user, *steps) as process:
        (first,) = user.runs()
        done = user.run(lesson)
        assert done.returncode == 4, done.stdout + done.stderr
        assert f"Your run {first['run_id']} makes the same objects, and is alive since " in done.stderr
        assert f"(process {process.pid})" in done.stderr
        assert f"kill {process.pid}" in done.stderr
        assert [run["run_id"] for run in user.runs()] == [first["run_id"]]
    user.assert_as_before()


def test_a_run_that_is_alive_is_neither_undone_nor_gone_on_with(user: User) -> None:
    with run_that_waits(user, CREATE) as process:
        (run,) = user.runs()
        assert (run["state"], run["process"]) == ("running", process.pid)
        undone = user.roll_back()
        assert undone.returncode == 0, undone.stderr
        assert f"{run['run_id']} is alive since " in undone.stderr
        for command in (("rollback", run["run_id"]), ("resume", run["run_id"], "--auto")):
            done = user.machine.run(*command)
            assert done.returncode == 4, done.stdout + done.stderr
            assert f"The process {process.pid} is in it since " in done.stderr
    user.assert_as_before()


def test_what_a_crashed_run_left_is_named_with_the_way_out(user: User, lesson: Path) -> None:
    with run_that_waits_and_dies(user):
        (run,) = user.runs()
        assert run["state"] == "interrupted"
        done = user.run(lesson)
        assert done.returncode == 4, done.stdout + done.stderr
        assert f"made by your run {run['run_id']}, which is cut off" in done.stderr
        assert f"egress-tutorial rollback {run['run_id']}" in done.stderr
        assert "kubectl delete" not in done.stderr
    user.assert_rolled_back()
    assert user.run(lesson).returncode == 0
    user.assert_as_before()


@contextmanager
def run_that_waits_and_dies(user: User) -> Iterator[None]:
    mark = user.machine.folder / "mark"
    with user.start(
        write_lesson(user.machine.folder / "waits", CREATE, PAUSE.replace("MARK", str(mark)))
    ) as process:
        wait_for_file(mark)
        process.kill()
        process.communicate(timeout=60)
        yield


@pytest.fixture
def other(user: User) -> User:
    """Another user of the same namespaces, who reaches the cluster directly."""
    machine = Machine(user.machine.folder / "other")
    machine.folder.mkdir()
    machine.make()
    return replace(user, machine=machine, arguments=user.cluster.arguments)


def test_another_user_in_the_same_namespace_is_told_of_the_object_and_its_maker(
    user: User, other: User, lesson: Path
) -> None:
    with run_that_waits(user, CREATE):
        done = other.run(lesson)
        assert done.returncode == 4, done.stdout + done.stderr
        assert f"configmap/first@{user.namespaces.first} is " in done.stderr
        assert "old, made by kubectl-create" in done.stderr
        assert other.runs() == []
    user.assert_as_before()


@pytest.mark.parametrize(("step", "kind"), [(APPLY, "services"), (CREATE, "configmaps")])
def test_what_another_user_makes_at_the_same_moment_stays(
    proxied: User, other: User, proxy: FaultProxy, step: str, kind: str
) -> None:
    """Both find nothing there. The request of one comes second, and its rollback touches nothing."""
    folder = write_lesson(proxied.machine.folder / "same", step)
    hold = Hold()
    proxy.add(Rule(hold, "POST", f"/{kind}"))
    with proxied.start(folder) as process:
        assert wait_until(lambda: proxy.count("POST", f"/{kind}") > 0, 60)
        done = other.run(folder, "--keep")
        assert done.returncode == 0, done.stdout + done.stderr
        made = proxied.cluster.snapshot(lambda name: name in proxied.namespaces)
        hold.released.set()
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 1, said
    assert "already exists" in said
    assert "is somebody else's" in said
    assert proxied.cluster.snapshot(lambda name: name in proxied.namespaces) == made
    assert proxied.runs() == []
    other.assert_rolled_back()


def test_a_sandbox_is_not_taken_down_under_a_run(machine: Machine, tmp_path: Path) -> None:
    """And two runs in one kept sandbox are told of each other, as on any cluster."""
    assert machine.run("sandbox", "up").returncode == 0
    mark = tmp_path / "mark"
    folder = write_lesson(tmp_path / "waits", PAUSE.replace("MARK", str(mark)), CREATE)
    with machine.start("run", str(folder), "--auto", "--trust") as process:
        wait_for_file(mark)
        (run,) = json.loads(machine.run("status", "-o", "json").stdout)
        told = f"{run['run_id']}, alive since "
        for command in ("down", "reset"):
            done = machine.run("sandbox", command)
            assert done.returncode == 2, done.stdout + done.stderr
            assert told in done.stderr
            assert f"(process {process.pid})" in done.stderr
        second = machine.run("run", str(folder), "--auto", "--trust")
        assert second.returncode == 4, second.stdout + second.stderr
        assert f"Your run {run['run_id']} makes the same objects" in second.stderr
        mark.unlink()
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert machine.run("sandbox", "down").returncode == 0
