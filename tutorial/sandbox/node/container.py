"""One container of a pod as the kubelet knows it: its state, its process, its output.

Held by `pod_worker.PodWorker`; turned into `v1.ContainerStatus` here and nowhere else.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

from tutorial.sandbox.node.client import Process
from tutorial.sandbox.node.logs import ContainerLog
from tutorial.sandbox.node.output import ContainerOutput
from tutorial.sandbox.ports import Object
from tutorial.sandbox.times import now

_NEVER = "1970-01-01T00:00:00Z"
_START_ERROR_CODE = 128


class Role(Enum):
    """When a container runs: before the others, along with them from the start on, or as the pod's
    own work."""

    INIT = "init"
    SIDECAR = "sidecar"
    APP = "app"


class Container:
    """A container and what became of it so far.

    Args:
        spec: its `v1.Container`.
        folder: where its output is kept.
    """

    def __init__(self, spec: Object, role: Role, waiting_reason: str, folder: Path) -> None:
        self.spec = spec
        self.name: str = spec["name"]
        self.role = role
        self.state: Object = {"waiting": {"reason": waiting_reason}}
        self.last_state: Object = {}
        self.restarts = 0
        self.ready = False
        self.started = False
        self.id = ""
        self.process: Process | None = None
        self.output: ContainerOutput | None = None
        self.log: ContainerLog | None = None
        self.previous_log: ContainerLog | None = None
        self._folder = folder

    @property
    def field_path(self) -> str:
        """Where the pod describes it, as its events say it."""
        part = "containers" if self.role is Role.APP else "initContainers"
        return f"spec.{part}{{{self.name}}}"

    @property
    def running(self) -> bool:
        return "running" in self.state

    @property
    def completed(self) -> bool:
        """It ended with exit code 0."""
        return bool(self.state.get("terminated", {}).get("exitCode") == 0)

    @property
    def ended(self) -> Object | None:
        """`v1.ContainerStateTerminated` when it has ended."""
        terminated: Object | None = self.state.get("terminated")
        return terminated

    def wait_for(self, reason: str, message: str = "") -> None:
        """It does not run, because of `reason`."""
        self._remember_end()
        waiting = {"reason": reason}
        if message:
            waiting["message"] = message
        self.state = {"waiting": waiting}
        self.ready = False

    def begin(self) -> ContainerLog:
        """A new run of it: a new id and a new log."""
        self._remember_end()
        if self.id:
            self.restarts += 1
        self.id = "sandbox://" + secrets.token_hex(32)
        if self.previous_log is not None:
            self.previous_log.discard()
        self.previous_log = self.log
        self._folder.mkdir(parents=True, exist_ok=True)
        self.log = ContainerLog(self._folder / f"{self.restarts}.log")
        return self.log

    def run(self, process: Process, output: ContainerOutput) -> None:
        """`process` is this container's program, `output` what it writes."""
        self.process = process
        self.output = output
        self.started = "startupProbe" not in self.spec
        process.ended.add_done_callback(lambda _ended: process.close_stdin())
        self.state = {"running": {"startedAt": now()}}

    def end(self, code: int, reason: str = "", message: str = "") -> None:
        """Its program ended with `code`, or could not be started (`reason` StartError)."""
        started = self.state.get("running", {}).get("startedAt", _NEVER if reason else now())
        terminated: dict[str, Any] = {"exitCode": code}
        if message:
            terminated["message"] = message
        terminated |= {
            "reason": reason or ("Completed" if code == 0 else "Error"),
            "startedAt": started,
            "finishedAt": now(),
            "containerID": self.id,
        }
        self.state = {"terminated": terminated}
        self.ready = self.role is Role.INIT and code == 0
        self.process = None
        self.output = None

    def fail_to_start(self, message: str) -> None:
        """Its program could not be executed."""
        self.end(_START_ERROR_CODE, "StartError", message)

    async def stop(self, grace_seconds: float) -> None:
        """TERM, and KILL when it still runs after the grace time."""
        process = self.process
        if process is None:
            return
        if grace_seconds > 0:
            await process.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), grace_seconds)
        await process.send_signal(signal.SIGKILL, group=True)
        await process.wait()

    def status(self) -> Object:
        """Its `v1.ContainerStatus`."""
        return {
            "name": self.name,
            "state": self.state,
            "lastState": self.last_state,
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": self.spec.get("image", ""),
            "imageID": "sandbox://host-programs" if self.id else "",
            **({"containerID": self.id} if self.id else {}),
            "started": self.running and self.started and (self.role is not Role.SIDECAR or self.ready),
        }

    def _remember_end(self) -> None:
        if self.ended is not None:
            self.last_state = self.state
