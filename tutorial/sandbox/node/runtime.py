"""What the API asks of the node: exec, attach, logs, port-forward. The `PodRuntime` port.

Made by `tutorial.sandbox.supervisor` from the kubelet, handed to the API.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from tutorial.sandbox.node.attach import AttachedSession
from tutorial.sandbox.node.client import PodSandbox
from tutorial.sandbox.node.container import Container
from tutorial.sandbox.node.exec import FailedExec, RunningExec, run_command
from tutorial.sandbox.node.failures import ContainerFault
from tutorial.sandbox.node.kubelet import Kubelet
from tutorial.sandbox.node.pod_worker import PodWorker
from tutorial.sandbox.ports import Object
from tutorial.sandbox.status import ApiError


class NodeRuntime:
    """See `PodRuntime`."""

    def __init__(self, kubelet: Kubelet) -> None:
        self._kubelet = kubelet

    async def exec(
        self, pod: Object, container: str, command: Sequence[str], *, stdin: bool, tty: bool
    ) -> RunningExec | FailedExec:
        """Run a command in a running container, with the container's environment and folder."""
        worker, found = self._find(pod, container)
        sandbox = worker.sandbox
        if sandbox is None or not found.running:
            raise _not_running(container)
        try:
            env = worker.environment(found)
            cwd = found.spec.get("workingDir") or "/"
            return await run_command(sandbox, command, env, cwd, stdin=stdin, tty=tty)
        except (BrokenPipeError, ContainerFault) as error:
            raise _not_running(container) from error

    async def attach(self, pod: Object, container: str, *, stdin: bool) -> AttachedSession:
        """A running container's own program."""
        _, found = self._find(pod, container)
        if found.process is None or found.output is None:
            raise _not_running(container)
        return AttachedSession(found, found.process, found.output, stdin=stdin)

    async def logs(
        self,
        pod: Object,
        container: str,
        *,
        follow: bool,
        tail: int | None,
        timestamps: bool,
        previous: bool = False,
    ) -> AsyncIterator[bytes]:
        """The container's output, line by line; of its previous run with `previous`."""
        worker, found = self._find(pod, container)
        name = worker.pod["metadata"]["name"]
        log = found.previous_log if previous else found.log
        if previous and log is None:
            raise _bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
        if log is None:
            reason = found.state.get("waiting", {}).get("reason", "ContainerCreating")
            verb = (
                "waiting to start"
                if reason in _STARTING
                else "waiting to start: trying and failing to pull image"
            )
            text = f'container "{container}" in pod "{name}" is {verb}'
            raise _bad_request(text if reason not in _STARTING else f"{text}: {reason}")
        return log.lines(follow=follow, tail=tail, timestamps=timestamps)

    async def dial(self, pod: Object, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to `port` on the pod's loopback. Raises OSError when nothing listens."""
        return await self._sandbox(pod).dial(port)

    def _sandbox(self, pod: Object) -> PodSandbox:
        worker = self._kubelet.worker(pod["metadata"]["uid"])
        if worker is None or worker.sandbox is None:
            name = pod["metadata"]["name"]
            raise _bad_request(f"unable to forward port because pod {name} is not running")
        return worker.sandbox

    def _find(self, pod: Object, container: str) -> tuple[PodWorker, Container]:
        name = pod["metadata"]["name"]
        worker = self._kubelet.worker(pod["metadata"]["uid"])
        if worker is None:
            if container in [c["name"] for c in pod["spec"]["containers"]]:
                raise _bad_request(f"pod {name} does not have a host assigned")
            raise _bad_request(f"container {container} is not valid for pod {name}")
        found = worker.container(container)
        if found is None:
            raise _bad_request(f"container {container} is not valid for pod {name}")
        return worker, found


_STARTING = ("ContainerCreating", "PodInitializing")


def _bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def _not_running(container: str) -> ApiError:
    return ApiError(
        500,
        "InternalError",
        f'Internal error occurred: unable to upgrade connection: container not found ("{container}")',
    )
