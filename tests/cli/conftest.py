"""The program as a user's process, with a home of its own, for the tests of the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def user_variables(tmp_path: Path) -> dict[str, str]:
    """The environment of a user whose home is this test's folder."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
    }


@pytest.fixture
def program(tmp_path: Path, user_variables: dict[str, str]) -> Program:
    """Runs the program without a terminal, to its end."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tutorial.cli.main", *arguments],
            env={**user_variables, **environment},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def tutorial(tmp_path: Path) -> Path:
    """A tutorial of one step that needs no cluster."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "tutorial.yaml").write_text("title: Mine\nrequires: none\n")
    (folder / "10-say.yaml").write_text("title: Say it\ncommand: |\n  echo it\n")
    return folder
