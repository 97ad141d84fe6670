"""What this room's tests share: pods to create, programs to run in them, their output."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.node.client import NodeClient, PodSandbox, ProcessSpec
from tutorial.sandbox.node.kubelet import Kubelet
from tutorial.sandbox.node.runtime import NodeRuntime
from tutorial.sandbox.ports import ExecSession, Object, ProxyStart
from tutorial.sandbox.resources import POD

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


class Proxies:
    """The mesh's side of the port: a proxy where a test has put one."""

    def __init__(self) -> None:
        self.start: ProxyStart | None = None
        self.is_ready = False
        self.forgotten: list[str] = []

    def prepare(self, pod: Object, pod_ip: str) -> ProxyStart | None:
        return self.start

    async def ready(self, pod: Object) -> bool:
        return self.is_ready

    def forget(self, pod_uid: str) -> None:
        self.forgotten.append(pod_uid)


@dataclass
class Cluster:
    """A kubelet with everything around it that is real."""

    objects: ObjectsFacade
    kubelet: Kubelet
    runtime: NodeRuntime
    proxies: Proxies
    node: NodeClient
    logs: Path

    def create(self, name: str, *containers: Object, **spec: Any) -> Object:
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"containers": list(containers) or [container("sleep", "sleep", "infinity")], **spec},
        }
        return self.objects.create(POD, "default", pod)

    def pod(self, name: str) -> Object:
        return self.objects.get(POD, "default", name)

    async def wait_for(self, name: str, holds: Callable[[Object], Any], seconds: float = 5) -> Object:
        """The pod, as soon as `holds` does of it."""
        end = time.monotonic() + seconds
        while not holds(pod := self.pod(name)):
            assert time.monotonic() < end, pod["status"]
            await asyncio.sleep(0.01)
        return pod


def container(name: str, *command: str, **more: Any) -> Object:
    return {"name": name, "image": "curlimages/curl", "command": list(command), **more}


def container_status(pod: Object, index: int = 0) -> Object:
    """The status of a container; empty before the kubelet has written one."""
    statuses = pod["status"].get("containerStatuses", [])
    return statuses[index] if index < len(statuses) else {}


def state(pod: Object, index: int = 0) -> Object:
    """What a container does; empty before the kubelet has written it."""
    return container_status(pod, index).get("state", {})


def is_ready(pod: Object) -> bool:
    """The condition that `kubectl wait --for=condition=Ready` waits for."""
    conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", ())}
    return conditions.get("Ready") == "True"


@dataclass(frozen=True)
class Output:
    code: int
    stdout: str
    stderr: str


async def run(pod: PodSandbox, *argv: str, **spec: Any) -> Output:
    """Run a program in a pod to its end."""
    return await collect(await pod.start_process(ProcessSpec(argv, ENV, **spec)))


async def collect(session: ExecSession | Any) -> Output:
    """All that a program writes, and its exit code; closes its descriptors."""
    texts = [
        await asyncio.to_thread(read_all, descriptor) if descriptor is not None else ""
        for descriptor in (session.stdout, session.stderr)
    ]
    if session.stdin is not None:
        os.close(session.stdin)
    return Output(await session.wait(), *texts)


def read_all(descriptor: int) -> str:
    """Everything up to the end of a pipe, or of a terminal."""
    parts = []
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(descriptor)
    return b"".join(parts).decode()
