"""Runs the controllers: one task each, from the cluster's first moment to its end.

Made by `tutorial.sandbox.supervisor`.
"""

from __future__ import annotations

import asyncio
import logging

from tutorial.sandbox.controllers.aggregation import AggregationController
from tutorial.sandbox.controllers.bootstrap import BootstrapController, bootstrap
from tutorial.sandbox.controllers.controller import Controller, ControllerTask
from tutorial.sandbox.controllers.deployment import DeploymentController
from tutorial.sandbox.controllers.endpoints import EndpointController
from tutorial.sandbox.controllers.event_expiry import EventExpiry
from tutorial.sandbox.controllers.garbage import GarbageCollector
from tutorial.sandbox.controllers.mirroring import MirroringController
from tutorial.sandbox.controllers.namespace import NamespaceController
from tutorial.sandbox.controllers.replica_set import ReplicaSetController
from tutorial.sandbox.controllers.taints import TaintController
from tutorial.sandbox.ports import Objects

RESTART_SECONDS = 1.0

_log = logging.getLogger(__name__)


class ControllerManager:
    """All controllers of the cluster.

    Args:
        root_certificate: the API server's authority (PEM), for each namespace's `kube-root-ca.crt`.
    """

    def __init__(self, objects: Objects, *, root_certificate: str = "") -> None:
        self._objects = objects
        self._root_certificate = root_certificate
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Make what every cluster has, and start the controllers; when it returns, the namespaces
        are there."""
        bootstrap(self._objects)
        controllers: tuple[Controller, ...] = (
            NamespaceController(self._objects, self._root_certificate),
            DeploymentController(self._objects),
            ReplicaSetController(self._objects),
            EndpointController(self._objects),
            MirroringController(self._objects),
            GarbageCollector(self._objects),
            EventExpiry(self._objects),
            TaintController(self._objects),
            AggregationController(self._objects),
            BootstrapController(self._objects),
        )
        self._tasks = [asyncio.create_task(_keep_running(one)) for one in controllers]

    async def stop(self) -> None:
        """End the controllers; when it returns, none runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []


async def _keep_running(controller: Controller) -> None:
    """Run a controller until it is cancelled; one that fails as a whole looks at everything anew."""
    while True:
        try:
            await ControllerTask(controller).run()
        except Exception:
            _log.exception("%s ended, and starts again", type(controller).__name__)
        await asyncio.sleep(RESTART_SECONDS)
