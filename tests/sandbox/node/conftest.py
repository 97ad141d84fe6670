"""A real node for this room's tests, and a real API's objects to run pods from."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sandbox.node.cluster_for_tests import Cluster, Proxies

from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.node.client import NodeClient
from tutorial.sandbox.node.kubelet import Kubelet
from tutorial.sandbox.node.namespaces import fork_node
from tutorial.sandbox.node.pod_files import PodSettings
from tutorial.sandbox.node.runtime import NodeRuntime
from tutorial.sandbox.node.scheduler import Scheduler
from tutorial.sandbox.resources import NAMESPACE
from tutorial.sandbox.schemas import Schemas
from tutorial.sandbox.store.store import Store


@pytest.fixture
async def node() -> AsyncIterator[NodeClient]:
    """A started node; ended, and waited for, after the test."""
    process = fork_node(2)
    client = NodeClient(process.end)
    await client.start()
    yield client
    client.close()
    await asyncio.to_thread(os.waitpid, process.pid, 0)


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return Schemas.load()


@pytest.fixture
async def cluster(node: NodeClient, tmp_path: Path, schemas: Schemas) -> AsyncIterator[Cluster]:
    objects = ObjectsFacade(Store(), schemas)
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    objects.create(NAMESPACE, None, space)
    proxies = Proxies()
    logs = tmp_path / "logs"
    kubelet = Kubelet(objects, node, proxies, logs, PodSettings(root_ca="-----BEGIN CERTIFICATE-----\n"))
    scheduler = Scheduler(objects)
    await scheduler.start()
    kubelet.start()
    yield Cluster(objects, kubelet, NodeRuntime(kubelet), proxies, node, logs)
    await kubelet.stop()
    await scheduler.stop()
