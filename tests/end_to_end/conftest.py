"""What the end-to-end tests share: the real program on a machine of its own, in a real terminal.

Everything here is marked `sandbox`: it needs Linux with user namespaces, curl and Envoy.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from end_to_end.machine import PROGRAM, Machine, adopt_orphans, descendants, reap_orphans
from end_to_end.terminal import COLUMNS, ROWS, Terminal

OpenTerminal = Callable[..., Terminal]


@pytest.fixture(scope="session", autouse=True)
def _orphans_come_here() -> None:
    adopt_orphans()


@pytest.fixture(scope="session", autouse=True)
def _hangups_count() -> None:
    """Whatever started the tests (nohup, say): the programs that they start may be hung up."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine on which nothing may be left: a sandbox that is up is taken down first."""
    machine = Machine(tmp_path / "m", frozenset(descendants()))
    machine.folder.mkdir()
    machine.make()
    yield machine
    machine.run("rollback")
    machine.run("sandbox", "down")
    machine.assert_nothing_left()
    reap_orphans()


@pytest.fixture
def sandbox(machine: Machine) -> dict[str, str]:
    """A kept sandbox on the machine; its objects."""
    done = machine.run("sandbox", "up")
    assert done.returncode == 0, done.stderr
    return machine.objects()


@pytest.fixture
def terminal(machine: Machine) -> Iterator[OpenTerminal]:
    """Opens the program in a terminal: `terminal("run", "externalname")`."""
    opened: list[Terminal] = []

    def open_terminal(
        *arguments: str, size: tuple[int, int] = (COLUMNS, ROWS), **environment: str
    ) -> Terminal:
        variables = {**machine.environment, **environment}
        opened.append(Terminal([PROGRAM, *arguments], variables, machine.home, size))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()
