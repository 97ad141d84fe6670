"""The program's commands as processes that start at once, for tests that start very many.

Used by `tests/on_a_cluster/killing.py`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from end_to_end.machine import Machine


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, negative for a signal that it died of, and what it wrote."""

    code: int
    output: str


class Started:
    """One command that runs."""

    def __init__(self, server: subprocess.Popen[str], output: Path) -> None:
        assert server.stdout is not None
        self._answers = server.stdout
        self._output = output
        self.pid = int(self._answers.readline())

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self) -> Ended:
        code = int(self._answers.readline())
        return Ended(code, self._output.read_text(errors="replace"))


class ForkedProgram:
    """Runs commands on a user's machine, one at a time. A context manager."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._output = machine.folder / "output"

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("program_server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(60)
        self._server.stdout.close()

    def start(self, *arguments: str, environment: Mapping[str, str]) -> Started:
        request = {
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(self._machine.home),
            "output": str(self._output),
        }
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return Started(self._server, self._output)
