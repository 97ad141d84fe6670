"""What the tests of clients share: one kubectl with a configuration of its own, and pods to talk to."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_SECONDS = 40


class Program:
    """A kubectl of some version; `folder` is its home."""

    def __init__(self, path: str, kubeconfig: Path, folder: Path) -> None:
        self.path = path
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "KUBECONFIG": str(kubeconfig),
            "KUBERC": "off",
            "LC_ALL": "C",
        }

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.path, *arguments],
            input=stdin,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def ok(self, *arguments: str, stdin: str = "") -> str:
        """What it prints on stdout; it must succeed."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def start(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run it until the block ends."""
        with subprocess.Popen(
            [self.path, *arguments],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.terminate()


class Pods:
    """A namespace without sidecars; `box` is a pod in it, as arguments of a command."""

    def __init__(self, program: Program, namespace: str) -> None:
        self._program = program
        self.namespace = namespace
        self.box = ("box", "-n", namespace)
        program.ok("create", "namespace", namespace)
        self.start("box", "exec sleep infinity", restart="Always")
        program.ok("wait", "--for=condition=Ready", "pod/box", "-n", namespace, "--timeout=30s")

    def start(self, name: str, script: str, *, restart: str) -> None:
        """Create a pod whose only container runs `script`, and wait until it does."""
        container = {"name": "main", "image": "any", "command": ["sh", "-c", script]}
        spec = {"restartPolicy": restart, "terminationGracePeriodSeconds": 0, "containers": [container]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        self._program.ok("apply", "-n", self.namespace, "-f", "-", stdin=json.dumps(pod))
        phase = ("get", "pod", name, "-n", self.namespace, "-o", "jsonpath={.status.phase}")
        until(lambda: self._program.ok(*phase) != "Pending")

    def remove(self) -> None:
        self._program.ok("delete", "namespace", self.namespace)


def until(holds: Callable[[], bool]) -> None:
    """Wait until `holds` does."""
    end = time.monotonic() + _SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)
