"""A shell in a folder of the test's, and signals that the test raises itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from shell.shells import ENVIRONMENT, NewShell, Run

from tutorial.engine.ports import CommandResult
from tutorial.shell.bash import BashShell
from tutorial.shell.signals import Signals


@pytest.fixture
def signals() -> Iterator[Signals]:
    with Signals() as signals:
        yield signals


@pytest.fixture
def new_shell(tmp_path: Path, signals: Signals) -> Iterator[NewShell]:
    """Makes shells on one folder, as a resumed run does; ends what they left."""
    shells: list[BashShell] = []

    def make(environment: Mapping[str, str] = ENVIRONMENT, path_prefix: tuple[Path, ...] = ()) -> BashShell:
        shell = BashShell(
            tmp_path / "it's a shell",
            environment=environment,
            cwd=tmp_path,
            stopper=signals,
            path_prefix=path_prefix,
        )
        shells.append(shell)
        return shell

    yield make
    for shell in shells:
        shell.reap_leftovers()


@pytest.fixture
def shell(new_shell: NewShell) -> BashShell:
    return new_shell()


@pytest.fixture
def run(shell: BashShell) -> Run:
    def run(command: str, timeout: float = 20.0, **options: bool) -> CommandResult:
        return shell.run(command, timeout=timeout, on_output=lambda stream, text: None, **options)

    return run
