"""What the end-to-end tests share: the real program, a state folder of its own, a real terminal.

Everything here is marked `sandbox`: it needs Linux with user namespaces, curl and Envoy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from end_to_end.terminal import Terminal

PROGRAM = str(Path(sys.executable).parent / "egress-tutorial")
KUBECTL = str(Path(sys.executable).parent / "kubectl")


@dataclass(frozen=True)
class Machine:
    """A user's machine: the program with a home and a state folder of its own."""

    home: Path

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.state),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }

    def run(
        self, *arguments: str, seconds: float = 120, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """The program without a terminal, to its end."""
        return subprocess.run(
            [PROGRAM, *arguments],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=self.home,
            check=False,
        )

    def kubectl(self, *arguments: str) -> str:
        """kubectl against the sandbox that is up; its stdout."""
        kubeconfig = self.state / "egress-tutorial" / "sandboxes" / "default" / "kubeconfig"
        done = subprocess.run(
            [KUBECTL, *arguments],
            env={**self.environment, "KUBECONFIG": str(kubeconfig)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def processes(self) -> list[str]:
        """The command lines of every process that names this machine's home."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(self.home) in line or str(self.home) in environment:
                found.append(line)
        return found

    def assert_nothing_left(self, seconds: float = 3) -> None:
        """No process and no sandbox folder of this machine."""
        deadline = time.monotonic() + seconds
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert self.processes() == []
        sandboxes = self.state / "egress-tutorial" / "sandboxes"
        left = [entry.name for entry in sandboxes.iterdir() if entry.is_dir()] if sandboxes.is_dir() else []
        assert left == []


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine; a sandbox that the test left up is taken down."""
    machine = Machine(tmp_path)
    yield machine
    if (machine.state / "egress-tutorial" / "sandboxes").is_dir():
        machine.run("sandbox", "down")


@pytest.fixture
def terminal(machine: Machine) -> Iterator[Callable[..., Terminal]]:
    """Opens the program in a terminal: `terminal("run", "externalname")`."""
    opened: list[Terminal] = []

    def open_terminal(*arguments: str, **environment: str) -> Terminal:
        opened.append(Terminal([PROGRAM, *arguments], {**machine.environment, **environment}))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()
