"""`class up` and `class down` as commands: a cluster is not written to without a yes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sandbox.api.cluster_for_tests import Cluster

from tutorial.classroom.api import ClassApi

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(cluster: Cluster, prefix: str, folder: Path, tmp_path: Path) -> Command:
    """A command of `class` on the cluster, without a terminal."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        options = ["--prefix", prefix, "--kubeconfig", str(cluster.kubeconfig), "--output", str(folder)]
        return subprocess.run(
            [sys.executable, "-m", "tutorial.cli.main", "class", *words, *options],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_where_nobody_can_be_asked_nothing_is_written_without_yes(
    command: Command, api: ClassApi, prefix: str, folder: Path
) -> None:
    refused = command("up", "--attendees", "1")
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True), refused.stderr
    assert (api.class_namespaces(prefix), folder.exists()) == ([], False)

    made = command("up", "--attendees", "1", "--yes")
    assert made.returncode == 0, made.stderr
    refused = command("down")
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True), refused.stderr
    assert (len(api.class_namespaces(prefix)), len(list(folder.iterdir()))) == (2, 1)

    gone = command("down", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert "2 namespaces and 1 file" in gone.stderr
    assert (api.class_namespaces(prefix), folder.exists()) == ([], False)


def test_where_there_is_nothing_to_delete_there_is_nothing_to_ask(command: Command) -> None:
    done = command("down")
    assert done.returncode == 0, done.stderr
    assert "There is no class" in done.stderr
