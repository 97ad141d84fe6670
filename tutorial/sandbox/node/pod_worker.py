"""One pod on this node, from its namespaces to its end. Made and kept by `kubelet.Kubelet`.

The order is the kubelet's: namespaces, redirect rules, init containers one by one (a sidecar
stays), then all others at once; restarts with back-off; TERM, grace, KILL at the end.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tutorial.sandbox.node import environment
from tutorial.sandbox.node.client import NodeClient, PodSandbox, Process, ProcessSpec
from tutorial.sandbox.node.container import Container, Role
from tutorial.sandbox.node.events import EventRecorder, now
from tutorial.sandbox.node.failures import ContainerFault, describe_exec_failure
from tutorial.sandbox.node.nodeagent import GATEWAY
from tutorial.sandbox.node.pod_files import BUNDLE_IN_POD, PodFiles, PodFilesBuilder, PodSettings
from tutorial.sandbox.node.pod_status import PodFacts, is_initialized, pod_status
from tutorial.sandbox.node.rootfs import Mount
from tutorial.sandbox.ports import Object, Objects, ProxyStart, SidecarConfiguration
from tutorial.sandbox.resources import POD
from tutorial.sandbox.status import ApiError

PROXY_CONTAINER = "istio-proxy"
PROXY_FOLDER = "/etc/istio/proxy"
_REDIRECT_CONTAINERS = ("istio-init", "istio-validation")

_FIRST_BACK_OFF_SECONDS = 10.0
_MAX_BACK_OFF_SECONDS = 300.0
_FORGIVEN_AFTER_SECONDS = 600.0
_READY_POLL_SECONDS = 0.02
_MOUNT_RETRY_SECONDS = 0.25
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


class PodWorker:
    """Brings one pod to life, keeps it so, reports it, ends it."""

    def __init__(self, pod: Object, address: str, context: NodeContext) -> None:
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.address = address
        self.sandbox: PodSandbox | None = None
        self.containers = _make_containers(pod, context.logs)
        self._context = context
        self._proxy: ProxyStart | None = None
        self._start_time = now()
        self._life = asyncio.ensure_future(self._live())
        self._ending: asyncio.Task[None] | None = None

    def container(self, name: str) -> Container | None:
        """The container of that name."""
        return next((c for c in self.containers if c.name == name), None)

    def terminate(self, grace_seconds: float) -> None:
        """End the pod, then remove its object. A later call with less grace hurries it."""
        if self._ending is not None:
            if grace_seconds > 0:
                return
            self._ending.cancel()
        self._ending = asyncio.ensure_future(self._end(grace_seconds, remove_object=True))

    async def abandon(self) -> None:
        """End the pod at once: its object is already gone, or the sandbox ends. Nothing to do when
        it has ended by itself."""
        if self._ending is not None:
            if self._ending.done() and not self._ending.cancelled():
                return
            self._ending.cancel()
        self._ending = asyncio.ensure_future(self._end(0, remove_object=False))
        await self._ending

    async def _live(self) -> None:
        self._publish()
        files = await self._await_files()
        proxy = self._proxy = self._context.sidecars.prepare(self.pod, self.address)
        mounts = [] if proxy is None else [Mount(proxy.folder, PROXY_FOLDER, read_only=False)]
        bundle = self._context.settings.ca_bundle
        if bundle is not None:
            mounts.append(Mount(str(bundle), BUNDLE_IN_POD))
        try:
            self.sandbox = await self._context.node.create_sandbox_pod(
                self.pod["spec"].get("hostname") or self.pod["metadata"]["name"],
                [self.address],
                uid=self.uid,
                files=files.files,
                links=files.links,
                mounts=mounts,
            )
            if proxy is not None:
                await self.sandbox.apply_rules(proxy.redirect)
        except OSError as error:
            message = f"Failed to create pod sandbox: {error}"
            self._record("FailedCreatePodSandBox", message, warning=True)
            return
        self._publish()
        tasks: list[asyncio.Task[None]] = []
        try:
            for container in self._of(Role.INIT, Role.SIDECAR):
                tasks.append(asyncio.ensure_future(self._keep(container)))
                if not await self._initialized(container, tasks[-1]):
                    return
            tasks += [asyncio.ensure_future(self._keep(c)) for c in self._of(Role.APP)]
            await asyncio.gather(*(task for task in tasks if not task.done()))
        finally:
            for task in tasks:
                task.cancel()

    async def _await_files(self) -> PodFiles:
        """The pod's files; waits for volumes whose objects are not there yet."""
        while True:
            try:
                settings, objects = self._context.settings, self._context.objects
                return PodFilesBuilder(self.pod, self.address, settings, objects).build()
            except ContainerFault as fault:
                self._record(fault.reason, f"MountVolume.SetUp failed: {fault.message}", warning=True)
                await asyncio.sleep(_MOUNT_RETRY_SECONDS)

    async def _initialized(self, container: Container, life: asyncio.Task[None]) -> bool:
        """Wait until the containers after this one may go on; False when they never may."""
        while not is_initialized(container):
            if life.done():
                return False
            await asyncio.wait([life], timeout=_READY_POLL_SECONDS)
        if container is self._of(Role.INIT, Role.SIDECAR)[-1]:
            self._publish()
        return True

    async def _keep(self, container: Container) -> None:
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
        policy = self.pod["spec"].get("restartPolicy", "Always")
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
        meta = self.pod["metadata"]
        where = f"{meta['name']}_{meta['namespace']}({self.uid})"
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
        self._record("Pulled", f'Container image "{image}" already present on machine', container)
        log = container.begin()
        self._record("Created", f"Created container: {container.name}", container)
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
        log.capture(process.stdout, "stdout")
        if process.stderr is not None:
            log.capture(process.stderr, "stderr")
        container.run(process)
        self._record("Started", f"Started container {container.name}", container)
        await self._watch(container, process)

    async def _watch(self, container: Container, process: Process) -> None:
        if self._is_proxy(container):
            readiness = asyncio.ensure_future(self._await_proxy(container))
        else:
            readiness = None
            container.ready = container.role is not Role.INIT
        self._publish()
        try:
            code = await process.wait()
        finally:
            if readiness is not None:
                readiness.cancel()
        container.end(code)

    async def _await_proxy(self, container: Container) -> None:
        while not await self._context.sidecars.ready(self.pod):
            await asyncio.sleep(_READY_POLL_SECONDS)
        container.ready = True
        self._publish()

    def _finish_redirect_container(self, container: Container) -> None:
        """The rules it would write were written when the pod was made."""
        container.begin()
        container.end(0)
        for reason, message in (
            ("Pulled", f'Container image "{container.spec.get("image", "")}" already present on machine'),
            ("Created", f"Created container: {container.name}"),
            ("Started", f"Started container {container.name}"),
        ):
            self._record(reason, message, container)

    def _starter(self, container: Container) -> Callable[[], Awaitable[Process]]:
        """How to start the container's program. Raises ContainerFault when that is not known."""
        sandbox = self.sandbox
        assert sandbox is not None, "containers start in a pod that is there"
        env = self.environment(container)
        if self._proxy is not None and self._is_proxy(container):
            return lambda: _start_proxy(sandbox, self._proxy, env)
        command = environment.container_command(container.spec, env)
        spec = ProcessSpec(command, env, cwd=_folder(container.spec), data_bytes=_DATA_BYTES)
        return lambda: sandbox.start_process(spec)

    def environment(self, container: Container) -> dict[str, str]:
        """The container's environment. Raises ContainerFault."""
        return environment.container_env(self.pod, container.spec, self.address, self._context.objects)

    def _is_proxy(self, container: Container) -> bool:
        return self._proxy is not None and container.name == PROXY_CONTAINER

    async def _end(self, grace_seconds: float, *, remove_object: bool) -> None:
        self._life.cancel()
        running = [c for c in self.containers if c.process is not None]
        if remove_object:
            for container in running:
                self._record("Killing", f"Stopping container {container.name}", container)
        apps = [c for c in running if c.role is not Role.SIDECAR]
        sidecars = [c for c in running if c.role is Role.SIDECAR]
        for group in (apps, sidecars):
            await asyncio.gather(*(c.stop(grace_seconds) for c in group))
        await self._context.node.remove_sandbox_pod(self.uid)
        self._context.sidecars.forget(self.uid)
        for container in self.containers:
            container.discard_logs()
        if remove_object:
            meta = self.pod["metadata"]
            with suppress(ApiError):
                self._context.objects.delete(
                    POD, meta["namespace"], meta["name"], uid=self.uid, grace_seconds=0
                )

    def _publish(self) -> None:
        """Write the pod's status. Quiet when the pod is gone."""
        meta = self.pod["metadata"]
        with suppress(ApiError):
            present = self._context.objects.get(POD, meta["namespace"], meta["name"])
            if present["metadata"]["uid"] != self.uid:
                return
            facts = PodFacts(
                self.containers, GATEWAY, self.address, self.sandbox is not None, self._start_time, now()
            )
            changed = {**present, "status": pod_status(present, facts)}
            self.pod = self._context.objects.update_status(POD, changed)

    def _record(
        self, reason: str, message: str, container: Container | None = None, *, warning: bool = False
    ) -> None:
        name = container.name if container is not None else ""
        self._context.recorder.record(self.pod, reason, message, container=name, warning=warning)

    def _of(self, *roles: Role) -> list[Container]:
        return [c for c in self.containers if c.role in roles]


def _make_containers(pod: Object, logs: Path) -> list[Container]:
    spec = pod["spec"]
    waiting = "PodInitializing" if spec.get("initContainers") else "ContainerCreating"
    folder = logs / pod["metadata"]["uid"]
    made = []
    for entry in spec.get("initContainers", ()):
        role = Role.SIDECAR if entry.get("restartPolicy") == "Always" else Role.INIT
        made.append(Container(entry, role, "PodInitializing", folder / entry["name"]))
    return made + [Container(c, Role.APP, waiting, folder / c["name"]) for c in spec["containers"]]


def _folder(spec: Object) -> str:
    return str(spec.get("workingDir") or "/")


async def _start_proxy(sandbox: PodSandbox, proxy: ProxyStart | None, env: dict[str, str]) -> Process:
    """Start the proxy from an open descriptor: its path need not be visible in the pod."""
    assert proxy is not None, "a pod without a sidecar has no proxy to start"
    program = os.open(proxy.program, os.O_RDONLY | os.O_CLOEXEC)
    try:
        argv = [Path(proxy.program).name, *proxy.arguments]
        return await sandbox.start_process(ProcessSpec(argv, env, net_admin=True, program=program))
    finally:
        os.close(program)
