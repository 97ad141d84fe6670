"""One sandbox for all conformance tests, and the real kubectl to ask it with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance.shell import Shell

from tutorial.sandbox.lifecycle import Sandbox, start


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that ends with the tests."""
    running = start(tmp_path_factory.mktemp("sandboxes"), "conformance", kept=False)
    yield running
    running.close()


@pytest.fixture(scope="session")
def kubectl() -> str:
    """The real kubectl that was installed with the program."""
    return str(Path(sys.executable).parent / "kubectl")


@pytest.fixture(scope="module")
def shell(sandbox: Sandbox, kubectl: str, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A folder and a kubeconfig of its own for each file of tests."""
    folder: Path = tmp_path_factory.mktemp("shell")
    return Shell(folder, sandbox.kubeconfig, kubectl)
