"""kill -9 at many moments: afterwards `rollback` puts everything back, and `resume` goes on."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from end_to_end.machine import Machine
from end_to_end.terminal import Terminal

pytestmark = pytest.mark.sandbox

OpenTerminal = Callable[..., Terminal]

LONGEST = 2.0
"""Seconds within which a run is killed; a whole one takes about this long."""


def kill_run_after(machine: Machine, seconds: float) -> None:
    with machine.start("run", "externalname", "--auto") as process:
        time.sleep(seconds)
        process.kill()
        process.communicate(timeout=60)


def kill_run_at_record(machine: Machine, count: int) -> None:
    """Kill a run at once when its journal holds `count` records: between an intent and its outcome,
    or between an outcome and the next intent. A run with fewer records ends by itself."""
    before = _journals(machine)
    with machine.start("run", "externalname", "--auto") as process:
        while process.poll() is None:
            new = _journals(machine) - before
            if any(journal.read_bytes().count(b"\n") >= count for journal in new):
                process.kill()
                break
        process.communicate(timeout=60)


def _journals(machine: Machine) -> set[Path]:
    return set(machine.runs.glob("*/journal.jsonl"))


def roll_back(machine: Machine, objects: dict[str, str]) -> None:
    done = machine.run("rollback")
    assert done.returncode == 0, done.stdout + done.stderr
    machine.wait_for_objects(objects)
    assert "No run" in machine.run("status").stdout


def test_killed_after_a_record_everything_can_be_put_back(machine: Machine, sandbox: dict[str, str]) -> None:
    """Some records; `tests/on_a_cluster/test_kills.py` kills at hundreds of moments."""
    for count in range(1, 40, 6):
        kill_run_at_record(machine, count)
        roll_back(machine, sandbox)


def test_killed_at_any_moment_everything_can_be_put_back(machine: Machine, sandbox: dict[str, str]) -> None:
    moments = random.Random(0)
    for _ in range(4):
        kill_run_after(machine, moments.uniform(0.2, LONGEST))
        roll_back(machine, sandbox)


def test_a_killed_rollback_can_be_run_again(machine: Machine, sandbox: dict[str, str]) -> None:
    moments = random.Random(7)
    for _ in range(2):
        kill_run_at_record(machine, 20)
        with machine.start("rollback") as process:
            time.sleep(moments.uniform(0.1, 0.5))
            process.kill()
            process.communicate(timeout=60)
        roll_back(machine, sandbox)


@pytest.mark.parametrize("count", [5, 25])
def test_a_killed_run_is_resumed_and_ends_clean(
    machine: Machine, sandbox: dict[str, str], count: int
) -> None:
    kill_run_at_record(machine, count)
    assert "interrupted" in machine.run("status").stdout
    done = machine.run("resume", "--auto")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All checks passed" in done.stdout
    machine.wait_for_objects(sandbox)
