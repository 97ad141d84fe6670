"""The kubelet: pods of the API that the scheduler gave to the node become pods of the node.

Made by `tutorial.sandbox.supervisor`; meets the other parts through a watch on pods. One
`pod_worker.PodWorker` per pod does the work.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from tutorial.sandbox.events import EventRecorder
from tutorial.sandbox.node.client import NodeClient
from tutorial.sandbox.node.container_runner import NodeContext
from tutorial.sandbox.node.machine import (
    LEASE_NAMESPACE,
    LEASE_SECONDS,
    NODE_NAME,
    POD_NETWORK,
    node_lease,
    node_object,
    node_status,
    true_status,
)
from tutorial.sandbox.node.pod_files import PodSettings
from tutorial.sandbox.node.pod_worker import PodWorker
from tutorial.sandbox.ports import Change, Object, Objects, SidecarConfiguration, Watch
from tutorial.sandbox.resources import LEASE, NODE, POD
from tutorial.sandbox.status import ApiError

_FIRST_POD = 2
_ENDED = ("Succeeded", "Failed")


class Kubelet:
    """Runs the pods that the API holds.

    Args:
        objects: the API.
        node: the started node.
        sidecars: the mesh, asked for each pod's proxy.
        logs: a folder of the run's for containers' output.
        settings: what all pods have in common.
    """

    def __init__(
        self,
        objects: Objects,
        node: NodeClient,
        sidecars: SidecarConfiguration,
        logs: Path,
        settings: PodSettings,
    ) -> None:
        self._objects = objects
        self._recorder = EventRecorder(objects, "kubelet", NODE_NAME)
        self._context = NodeContext(objects, node, sidecars, settings, self._recorder, logs)
        self._workers: dict[str, PodWorker] = {}
        self._next_address = _FIRST_POD
        self._watch: Watch | None = None
        self._task: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._abandoning: set[asyncio.Task[None]] = set()
        self._synced = False

    def start(self) -> None:
        """Register the node and begin to run pods; returns at once."""
        with suppress(ApiError):
            self._objects.update_status(NODE, self._objects.create(NODE, None, node_object()) | node_status())
        self._watch = self._objects.watch(POD)
        self._task = asyncio.ensure_future(self._follow(self._watch))
        self._renewing = asyncio.ensure_future(self._keep_node())

    def ready(self) -> bool:
        """Whether all pods that were there at the start have been taken up."""
        return self._synced

    def worker(self, pod_uid: str) -> PodWorker | None:
        """The worker of a pod that is on the node."""
        return self._workers.get(pod_uid)

    async def stop(self) -> None:
        """End all pods at once; their objects stay."""
        if self._watch is not None:
            self._watch.close()
        for task in (self._task, self._renewing):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        await asyncio.gather(*(worker.abandon() for worker in self._workers.values()))
        self._workers.clear()

    async def _keep_node(self) -> None:
        """Renew the node's lease, which `kubectl describe node` shows, and its status, for ever."""
        while True:
            with suppress(ApiError):
                self._renew_lease()
            with suppress(ApiError):
                node = self._objects.get(NODE, None, NODE_NAME)
                self._objects.update_status(NODE, {**node, "status": true_status(node.get("status", {}))})
            await asyncio.sleep(LEASE_SECONDS / 4)

    def _renew_lease(self) -> None:
        lease = node_lease()
        try:
            present = self._objects.get(LEASE, LEASE_NAMESPACE, NODE_NAME)
        except ApiError:
            self._objects.create(LEASE, LEASE_NAMESPACE, lease)
        else:
            spec = {**present["spec"], "renewTime": lease["spec"]["renewTime"]}
            self._objects.update(LEASE, {**present, "spec": spec})

    async def _follow(self, watch: Watch) -> None:
        async for change in watch:
            self._handle(change)

    def _handle(self, change: Change) -> None:
        if change.type == "SYNCED":
            self._synced = True
            return
        pod = change.object
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if change.type == "DELETED" or _is_ended_by_another(pod, worker):
            if worker is not None:
                del self._workers[uid]
                self._abandon(worker)
        elif worker is None:
            self._take_up(pod)
        elif "deletionTimestamp" in pod["metadata"]:
            worker.terminate(pod["metadata"].get("deletionGracePeriodSeconds", 0))
        else:
            worker.see(pod)

    def _take_up(self, pod: Object) -> None:
        """Start a pod that was given to this node."""
        if pod["spec"].get("nodeName") != NODE_NAME:
            return
        if pod.get("status", {}).get("phase") in _ENDED:
            return
        meta = pod["metadata"]
        if "deletionTimestamp" in meta:
            with suppress(ApiError):
                self._objects.delete(POD, meta["namespace"], meta["name"], uid=meta["uid"], grace_seconds=0)
            return
        self._workers[meta["uid"]] = PodWorker(pod, self._allocate(), self._context)

    def _allocate(self) -> str:
        """The next address of the pod network; those of living pods are passed over."""
        used = {worker.address for worker in self._workers.values()}
        while True:
            address = str(POD_NETWORK[self._next_address])
            self._next_address += 1
            if self._next_address >= POD_NETWORK.num_addresses - 1:
                self._next_address = _FIRST_POD
            if address not in used:
                return address

    def _abandon(self, worker: PodWorker) -> None:
        task = asyncio.ensure_future(worker.abandon())
        self._abandoning.add(task)
        task.add_done_callback(self._abandoning.discard)


def _is_ended_by_another(pod: Object, worker: PodWorker | None) -> bool:
    """Whether a client wrote a pod's last phase, of which there is no way back, while it runs."""
    if worker is None:
        return False
    return pod["status"].get("phase") in _ENDED and worker.pod["status"].get("phase") not in _ENDED
