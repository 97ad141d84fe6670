"""In front of an audience: what somebody else deletes, and credentials that expire, in a real terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from end_to_end.machine import PROGRAM
from end_to_end.terminal import Terminal
from on_a_cluster.lesson import APPLY, write_lesson
from on_a_cluster.proxy import FaultProxy
from on_a_cluster.user import User

pytestmark = pytest.mark.sandbox

ENTER = "\r"
LOOK = """\
title: Look at it
command: kubectl get service second -o name
repeatable: true
expect: {stdout: {contains: service/second}}
needs: [step-1]
"""


@pytest.fixture
def shown(proxied: User, tmp_path: Path) -> Iterator[Terminal]:
    """A run that has made a service and stands before the step that needs it."""
    lesson = write_lesson(tmp_path / "looking", APPLY, LOOK)
    how = ("--trust", "--yes", *proxied.arguments, *proxied.namespaces.settings)
    machine = proxied.machine
    terminal = Terminal([PROGRAM, "run", str(lesson), *how], machine.environment, machine.home)
    terminal.wait_for_pause("Enter run")
    terminal.answer(ENTER, "Enter next")
    terminal.answer(ENTER, "Enter run")
    yield terminal
    terminal.close()


def test_what_is_lost_is_restored_and_who_is_logged_out_can_go_on(
    shown: Terminal, proxied: User, proxy: FaultProxy
) -> None:
    first = proxied.namespaces.first
    proxied.cluster.kubectl("delete", "service", "second", "-n", first)
    shown.answer(ENTER, "Enter run")
    told = f"service/second@{first}, made in step 1, is gone: u restores it."
    assert told in " ".join(shown.seen().split())
    shown.answer("u", "Enter run")
    assert f"restored service/second@{first}" in shown.seen()
    proxy.expire_credentials()
    shown.answer(ENTER, "Enter again")
    said = " ".join(shown.seen().split())
    assert "does not accept the credentials of the user proxied" in said
    assert "Log in again, the way this cluster wants it." in said
    proxy.write_kubeconfig(Path(proxied.arguments[1]))
    shown.answer("a", "Enter next")
    assert "✓ passed" in shown.screen()
    shown.answer("q", "Esc stay")
    shown.press(ENTER)
    assert shown.wait_for_exit() == 0
    proxied.assert_as_before()
