"""Runs one pod's containers: starts their programs, restarts them with back-off, reports each step.

Made by `pod_worker.PodWorker` once the pod's namespaces are there.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tutorial.sandbox.events import EventRecorder
from tutorial.sandbox.node import environment
from tutorial.sandbox.node.client import NodeClient, PodSandbox, Process, ProcessSpec
from tutorial.sandbox.node.container import Container, Role
from tutorial.sandbox.node.failures import ContainerFault, describe_exec_failure
from tutorial.sandbox.node.output import ContainerOutput
from tutorial.sandbox.node.pod_files import PodSettings
from tutorial.sandbox.node.probes import Prober, has_probes
from tutorial.sandbox.ports import Object, Objects, ProxyStart, SidecarConfiguration

PROXY_CONTAINER = "istio-proxy"
_REDIRECT_CONTAINERS = ("istio-init", "istio-validation")

_FIRST_BACK_OFF_SECONDS = 10.0
_MAX_BACK_OFF_SECONDS = 300.0
_FORGIVEN_AFTER_SECONDS = 600.0
_READY_POLL_SECONDS = 0.02
_DATA_BYTES = 2 << 30


@dataclass(frozen=True)
class NodeContext:
    """What all pods of the node share."""

    objects: Objects
    node: NodeClient
    sidecars: SidecarConfiguration
    settings: PodSettings
    recorder: EventRecorder
    logs: Path


class ContainerRunner:
    """Keeps the containers of one pod running.

    Args:
        publish: writes the pod's status; called after each change of a container's state.
    """

    def __init__(
        self,
        pod: Object,
        sandbox: PodSandbox,
        proxy: ProxyStart | None,
        context: NodeContext,
        publish: Callable[[], None],
    ) -> None:
        self._pod = pod
        self._sandbox = sandbox
        self._proxy = proxy
        self._context = context
        self._publish = publish

    async def keep(self, container: Container) -> None:
        """Run a container, again and again as the restart policy says."""
        delay = 0.0
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            try:
                await self._run(container)
            except ContainerFault as fault:
                delay = min(max(delay * 2, _FIRST_BACK_OFF_SECONDS), _MAX_BACK_OFF_SECONDS)
                await self._hold_back(container, fault, delay)
                continue
            self._publish()
            if not self._restarts(container):
                return
            if loop.time() - begun > _FORGIVEN_AFTER_SECONDS:
                delay = 0.0
            if delay:
                self._tell_crash_loop(container, delay)
                await asyncio.sleep(delay)
            delay = min(max(delay * 2, _FIRST_BACK_OFF_SECONDS), _MAX_BACK_OFF_SECONDS)

    def _restarts(self, container: Container) -> bool:
        policy = self._pod["spec"].get("restartPolicy", "Always")
        if container.role is Role.SIDECAR:
            return True
        if container.role is Role.INIT:
            return not container.completed and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and not container.completed)

    async def _hold_back(self, container: Container, fault: ContainerFault, delay: float) -> None:
        """A container that cannot be made waits and is tried again."""
        container.wait_for(fault.reason, fault.message)
        self._record("Failed", f"Error: {fault.reason}: {fault.message}", container, warning=True)
        self._publish()
        if fault.reason == "ErrImagePull":
            await asyncio.sleep(1)
            image = container.spec.get("image", "")
            container.wait_for("ImagePullBackOff", f'Back-off pulling image "{image}": {fault.message}')
            self._record("BackOff", f'Back-off pulling image "{image}"', container)
            self._publish()
        await asyncio.sleep(delay)

    def _tell_crash_loop(self, container: Container, delay: float) -> None:
        meta = self._pod["metadata"]
        where = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
        container.wait_for(
            "CrashLoopBackOff",
            f"back-off {delay:.0f}s restarting failed container={container.name} pod={where}",
        )
        text = f"Back-off restarting failed container {container.name} in pod {where}"
        self._record("BackOff", text, container, warning=True)
        self._publish()

    async def _run(self, container: Container) -> None:
        """One run of a container, from its program's start to its end. Raises ContainerFault."""
        if self._proxy is not None and container.name in _REDIRECT_CONTAINERS:
            self._finish_redirect_container(container)
            return
        starter = self._starter(container)
        image = container.spec.get("image", "")
        self._record("Pulled", _present(image), container)
        log = container.begin()
        self._record("Created", "Container created", container)
        try:
            process = await starter()
        except OSError as error:
            words = [*container.spec.get("command", ()), *container.spec.get("args", ()), container.name]
            why = describe_exec_failure(words[0], error)
            message = (
                "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
                f"runc create failed: unable to start container process: error during container init: {why}"
            )
            container.fail_to_start(message)
            self._record("Failed", f"Error: {message}", container, warning=True)
            return
        output = ContainerOutput(log)
        output.capture(process.stdout, "stdout")
        if process.stderr is not None:
            output.capture(process.stderr, "stderr")
        container.run(process, output)
        self._record("Started", "Container started", container)
        await self._watch(container, process)

    async def _watch(self, container: Container, process: Process) -> None:
        looking = self._look_after(container)
        if looking is None:
            container.ready = container.role is not Role.INIT
        self._publish()
        try:
            code = await process.wait()
        finally:
            if looking is not None:
                looking.cancel()
        container.end(code)

    def _look_after(self, container: Container) -> asyncio.Future[None] | None:
        """What tells whether a running container is ready; None for one that is by running."""
        if self._is_proxy(container):
            return asyncio.ensure_future(self._await_proxy(container))
        if container.role is Role.INIT or not has_probes(container):
            return None
        grace = self._pod["spec"].get("terminationGracePeriodSeconds", 30)
        prober = Prober(
            container,
            self._sandbox,
            environment.container_env(
                self._pod, container.spec, self._sandbox.addresses[0], self._context.objects
            ),
            tell=lambda reason, message: self._record(
                reason, message, container, warning=reason == "Unhealthy"
            ),
            publish=self._publish,
            restart=lambda: container.stop(grace),
        )
        return asyncio.ensure_future(prober.run())

    async def _await_proxy(self, container: Container) -> None:
        while not await self._context.sidecars.ready(self._pod):
            await asyncio.sleep(_READY_POLL_SECONDS)
        container.started = container.ready = True
        self._publish()

    def _finish_redirect_container(self, container: Container) -> None:
        """The rules it would write were written when the pod was made."""
        container.begin()
        container.end(0)
        for reason, message in (
            ("Pulled", _present(container.spec.get("image", ""))),
            ("Created", "Container created"),
            ("Started", "Container started"),
        ):
            self._record(reason, message, container)

    def _starter(self, container: Container) -> Callable[[], Awaitable[Process]]:
        """How to start the container's program. Raises ContainerFault when that is not known."""
        address, objects = self._sandbox.addresses[0], self._context.objects
        env = environment.container_env(self._pod, container.spec, address, objects)
        proxy = self._proxy
        if proxy is not None and container.name == PROXY_CONTAINER:
            return lambda: self._start_proxy(proxy, env)
        command = environment.container_command(container.spec, env)
        has_terminal = bool(container.spec.get("tty"))
        spec = ProcessSpec(
            command,
            {"TERM": "xterm", **env} if has_terminal else env,
            cwd=container.spec.get("workingDir") or "/",
            stdin=bool(container.spec.get("stdin")),
            tty=has_terminal,
            data_bytes=_DATA_BYTES,
        )
        return lambda: self._sandbox.start_process(spec)

    def _is_proxy(self, container: Container) -> bool:
        return self._proxy is not None and container.name == PROXY_CONTAINER

    async def _start_proxy(self, proxy: ProxyStart, env: dict[str, str]) -> Process:
        """Start the proxy from an open descriptor: its path need not be visible in the pod."""
        program = os.open(proxy.program, os.O_RDONLY | os.O_CLOEXEC)
        try:
            argv = [Path(proxy.program).name, *proxy.arguments]
            return await self._sandbox.start_process(ProcessSpec(argv, env, net_admin=True, program=program))
        finally:
            os.close(program)

    def _record(self, reason: str, message: str, container: Container, *, warning: bool = False) -> None:
        tell = self._context.recorder.warning if warning else self._context.recorder.normal
        tell(self._pod, reason, message, field_path=container.field_path)


def _present(image: str) -> str:
    return f'Container image "{image}" already present on machine and can be accessed by the pod'
