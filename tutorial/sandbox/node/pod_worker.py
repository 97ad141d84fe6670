"""One pod on this node, from its namespaces to its end. Made and kept by `kubelet.Kubelet`.

The order is the kubelet's: namespaces, redirect rules, init containers one by one (a sidecar
stays), then all others at once; restarts with back-off; TERM, grace, KILL at the end.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from contextlib import suppress
from pathlib import Path

from tutorial.errors import SandboxError
from tutorial.sandbox.node import environment
from tutorial.sandbox.node.client import PodSandbox
from tutorial.sandbox.node.container import Container, Role
from tutorial.sandbox.node.container_runner import ContainerRunner, NodeContext
from tutorial.sandbox.node.failures import ContainerFault
from tutorial.sandbox.node.ignored import ignored_fields
from tutorial.sandbox.node.nodeagent import GATEWAY
from tutorial.sandbox.node.pod_files import BUNDLE_IN_POD, PodFiles, PodFilesBuilder
from tutorial.sandbox.node.pod_status import PodFacts, is_initialized, pod_status
from tutorial.sandbox.node.rootfs import Mount
from tutorial.sandbox.ports import Object, ProxyStart
from tutorial.sandbox.resources import POD
from tutorial.sandbox.status import ApiError
from tutorial.sandbox.times import now

PROXY_FOLDER = "/etc/istio/proxy"
_READY_POLL_SECONDS = 0.02
_RETRY_SECONDS = 0.25

_log = logging.getLogger(__name__)


class PodWorker:
    """Brings one pod to life, keeps it so, reports it, ends it."""

    def __init__(self, pod: Object, address: str, context: NodeContext) -> None:
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.address = address
        self.sandbox: PodSandbox | None = None
        self.containers = _make_containers(pod, context.logs)
        self._context = context
        self._start_time = now()
        self._life = asyncio.ensure_future(self._live())
        self._life.add_done_callback(self._report_fault)
        self._ending: asyncio.Task[None] | None = None

    def container(self, name: str) -> Container | None:
        """The container of that name."""
        return next((c for c in self.containers if c.name == name), None)

    def see(self, pod: Object) -> None:
        """Another wrote to the pod's object: what is said of its containers has to be true again, and a
        readiness gate may have opened."""
        is_later = int(pod["metadata"]["resourceVersion"]) > int(self.pod["metadata"]["resourceVersion"])
        if is_later and pod["status"] != self.pod["status"] and self._ending is None:
            self._publish()

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

    def environment(self, container: Container) -> dict[str, str]:
        """The container's environment. Raises ContainerFault."""
        return environment.container_env(self.pod, container.spec, self.address, self._context.objects)

    async def _live(self) -> None:
        self._publish()
        self._tell_ignored()
        files = await self._await_files()
        try:
            proxy = self._context.sidecars.prepare(self.pod, self.address)
        except SandboxError as error:
            self._record("FailedCreatePodSandBox", f"{error.what} {error.why}", warning=True)
            return
        sandbox = self.sandbox = await self._create_sandbox(files, proxy)
        self._publish()
        await self._run_containers(ContainerRunner(self.pod, sandbox, proxy, self._context, self._publish))

    def _tell_ignored(self) -> None:
        ignored = ignored_fields(self.pod)
        if ignored:
            self._record("NotSupported", f"the sandbox does not act on {', '.join(ignored)}", warning=True)

    async def _create_sandbox(self, files: PodFiles, proxy: ProxyStart | None) -> PodSandbox:
        """The pod's namespaces with its redirect rules in them; tried until it works."""
        mounts = [] if proxy is None else [Mount(proxy.folder, PROXY_FOLDER, read_only=False)]
        bundle = self._context.settings.ca_bundle
        if bundle is not None:
            mounts.append(Mount(str(bundle), BUNDLE_IN_POD))
        hostname = self.pod["spec"].get("hostname") or self.pod["metadata"]["name"]
        node = self._context.node
        delay = _RETRY_SECONDS
        while True:
            try:
                sandbox = await node.create_sandbox_pod(
                    hostname,
                    [self.address],
                    uid=self.uid,
                    files=files.files,
                    links=files.links,
                    mounts=mounts,
                )
                if proxy is not None:
                    await sandbox.apply_rules(proxy.redirect)
                return sandbox
            except OSError as error:
                self._record("FailedCreatePodSandBox", f"Failed to create pod sandbox: {error}", warning=True)
                await node.remove_sandbox_pod(self.uid)
                await asyncio.sleep(delay)
                delay *= 2

    async def _run_containers(self, runner: ContainerRunner) -> None:
        """Init containers one after the other, then all others; returns when none runs any more."""
        tasks: list[asyncio.Task[None]] = []
        try:
            for container in self._of(Role.INIT, Role.SIDECAR):
                tasks.append(asyncio.ensure_future(runner.keep(container)))
                if not await self._initialized(container, tasks[-1]):
                    return
            tasks += [asyncio.ensure_future(runner.keep(c)) for c in self._of(Role.APP)]
            await asyncio.gather(*tasks)
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
                await asyncio.sleep(_RETRY_SECONDS)

    async def _initialized(self, container: Container, life: asyncio.Task[None]) -> bool:
        """Wait until the containers after this one may go on; False when they never may."""
        while not is_initialized(container):
            if life.done():
                return False
            await asyncio.wait([life], timeout=_READY_POLL_SECONDS)
        if container is self._of(Role.INIT, Role.SIDECAR)[-1]:
            self._publish()
        return True

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
        shutil.rmtree(self._context.logs / self.uid, ignore_errors=True)
        if remove_object:
            meta = self.pod["metadata"]
            with suppress(ApiError):
                self._context.objects.delete(
                    POD, meta["namespace"], meta["name"], uid=self.uid, grace_seconds=0
                )

    def _report_fault(self, life: asyncio.Task[None]) -> None:
        """A fault of this program, not of the pod: it must not pass unseen."""
        if not life.cancelled() and (fault := life.exception()) is not None:
            _log.error("pod %s: %s", self.pod["metadata"]["name"], fault, exc_info=fault)
            self._record("FailedSync", f"the sandbox's node failed: {fault!r}", warning=True)

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
        tell = self._context.recorder.warning if warning else self._context.recorder.normal
        tell(self.pod, reason, message, field_path=container.field_path if container is not None else "")

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
