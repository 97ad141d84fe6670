"""A user of the program who runs tutorials on a cluster, through a proxy or not."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from end_to_end.machine import Machine
from on_a_cluster.cluster import Cluster, Namespaces, Snapshot


@dataclass(frozen=True)
class User:
    """`arguments` say how the cluster is reached; `before` is what was in it."""

    machine: Machine
    cluster: Cluster
    namespaces: Namespaces
    arguments: tuple[str, ...]
    before: Snapshot

    def command(self, tutorial: Path | str, *options: str) -> tuple[str, ...]:
        """The command line of an unattended run."""
        how = ("--auto", "--trust", *self.arguments, *self.namespaces.settings)
        return ("run", str(tutorial), *how, *options)

    def run(self, tutorial: Path | str, *options: str) -> subprocess.CompletedProcess[str]:
        return self.machine.run(*self.command(tutorial, *options))

    def start(self, tutorial: Path | str, *options: str) -> subprocess.Popen[str]:
        return self.machine.start(*self.command(tutorial, *options))

    def roll_back(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.machine.run("rollback", *options)

    def runs(self) -> list[dict[str, Any]]:
        """What `status` says."""
        found: list[dict[str, Any]] = json.loads(self.machine.run("status", "-o", "json").stdout)
        return found

    def assert_rolled_back(self) -> None:
        """A rollback ends well, and everything is as it was before."""
        done = self.roll_back()
        assert done.returncode == 0, done.stdout + done.stderr
        self.assert_as_before()
        assert self.runs() == []

    def assert_as_before(self) -> None:
        self.cluster.assert_as_before(self.before, lambda name: name in self.namespaces)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What the process says until these words come."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if words in read:
            return read
    raise AssertionError(f"{words!r} did not come: {read}")


def wait_for_file(path: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.01)
