"""The engine's clock: what a sleep of the machine does to it."""

from __future__ import annotations

import time

import pytest

from tutorial.shell.signals import Signals
from tutorial.ui import clock
from tutorial.ui.clock import SystemClock


@pytest.mark.parametrize("has_boottime", [True, False])
def test_a_sleep_of_the_machine_shows_between_its_clocks(
    monkeypatch: pytest.MonkeyPatch, has_boottime: bool
) -> None:
    """One counts on while the machine sleeps, and the other does not."""
    slept = [0.0]
    monkeypatch.setattr(clock, "_HAS_BOOTTIME", has_boottime)
    monkeypatch.setattr(time, "clock_gettime", lambda _: 500.0 + slept[0])
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0 + slept[0])
    monkeypatch.setattr(time, "monotonic", lambda: 400.0)
    system = SystemClock(Signals())
    before = system.suspended()
    slept[0] = 3600.0
    assert system.suspended() - before == 3600.0
