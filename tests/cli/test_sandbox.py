"""The commands of `sandbox`, with a real one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest

pytestmark = pytest.mark.sandbox

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sandbox(program: Program) -> Iterator[None]:
    """A sandbox that is up; it is down at the end."""
    done = program("sandbox", "up")
    assert done.returncode == 0, done.stderr
    yield
    program("sandbox", "down")


def test_env_points_kubectl_to_it(program: Program, sandbox: None, user_variables: dict[str, str]) -> None:
    lines = program("sandbox", "env").stdout
    done = subprocess.run(
        ["bash", "-c", f"{lines}\nkubectl get namespace default -o name"],
        env=user_variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "namespace/default\n", done.stderr
    assert "set -gx KUBECONFIG '" in program("sandbox", "env", "--shell", "fish").stdout


def test_status_up_again_reset_and_down(program: Program, sandbox: None) -> None:
    (before,) = json.loads(program("sandbox", "status", "-o", "json").stdout)
    assert (before["name"], before["kept"]) == ("default", True)
    assert "up already" in program("sandbox", "up").stderr
    assert program("sandbox", "reset").returncode == 0
    (after,) = json.loads(program("sandbox", "status", "-o", "json").stdout)
    assert after["pid"] != before["pid"]
    assert program("sandbox", "down").returncode == 0
    assert json.loads(program("sandbox", "status", "-o", "json").stdout) == []


def test_shell_has_kubectl_point_to_it(program: Program, sandbox: None) -> None:
    done = program("sandbox", "shell", SHELL="/usr/bin/env")
    assert "/sandboxes/default/kubeconfig" in done.stdout
