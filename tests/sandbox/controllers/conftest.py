"""A cluster without a node: the real API over a real store, with the controllers running."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.controllers.manager import ControllerManager
from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import DEPLOYMENT, POD, REPLICA_SET
from tutorial.sandbox.schemas import Schemas
from tutorial.sandbox.store.store import Store

READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T00:00:00Z"}


class Cluster(ObjectsFacade):
    """What tests do to the cluster."""

    def __init__(self) -> None:
        super().__init__(Store(), Schemas.load())
        self._addresses = 0

    async def until(self, holds: Callable[[], Any]) -> Any:
        """The first true value of `holds`, looked at after every turn of the loop, for a second."""
        deadline = time.monotonic() + 1
        while not (value := holds()):
            assert time.monotonic() < deadline, "it did not come to pass within a second"
            await asyncio.sleep(0)
        return value

    async def settle(self) -> None:
        """Let the controllers do all that they have to do now."""
        revision = -1
        while revision != self.store.revision:
            revision = self.store.revision
            for _ in range(50):
                await asyncio.sleep(0)

    def deploy(self, name: str = "sleep", *, namespace: str = "default", **spec: Any) -> Object:
        """A Deployment of one container, labelled `app: NAME`."""
        template = {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": name, "image": "curlimages/curl"}]},
        }
        body = {"selector": {"matchLabels": {"app": name}}, "template": template, **spec}
        return self.create(DEPLOYMENT, namespace, {"metadata": {"name": name}, "spec": body})

    def deployment(self, name: str = "sleep") -> Object:
        return self.get(DEPLOYMENT, "default", name)

    def change(self, name: str = "sleep", *, image: str = "", **spec: Any) -> Object:
        """Change a Deployment's image or its spec."""
        present = self.deployment(name)
        template = present["spec"]["template"]
        if image:
            containers = [{**template["spec"]["containers"][0], "image": image}]
            template = {**template, "spec": {**template["spec"], "containers": containers}}
        return self.update(DEPLOYMENT, {**present, "spec": {**present["spec"], "template": template, **spec}})

    def annotate(self, name: str = "sleep", **annotations: str) -> Object:
        """Add annotations to a Deployment."""
        present = self.deployment(name)
        added = {**present["metadata"].get("annotations", {}), **annotations}
        return self.update(DEPLOYMENT, {**present, "metadata": {**present["metadata"], "annotations": added}})

    def pods(self, namespace: str = "default") -> list[Object]:
        return list(self.list(POD, namespace))

    def sizes(self) -> dict[str, int]:
        """The wanted sizes of the replica sets, by the image of their template."""
        return {
            one["spec"]["template"]["spec"]["containers"][0]["image"]: one["spec"]["replicas"]
            for one in self.list(REPLICA_SET)
        }

    def make_ready(self, *pods: Object) -> None:
        """Do the kubelet's part for these pods, or for all."""
        for pod in pods or self.pods():
            if pod["status"].get("phase") != "Running":
                self._addresses += 1
                address = f"10.244.0.{self._addresses}"
                status = {**pod["status"], "phase": "Running", "podIP": address, "conditions": [READY]}
                self.update_status(POD, {**pod, "status": status})

    async def roll_out(self) -> None:
        """Let every new pod become ready until nothing changes any more."""
        revision = -1
        while revision != self.store.revision:
            revision = self.store.revision
            await self.settle()
            self.make_ready()


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    made = Cluster()
    manager = ControllerManager(made, root_certificate="-----BEGIN CERTIFICATE-----")
    await manager.start()
    await made.settle()
    yield made
    await manager.stop()
