"""How every controller runs: watches fill a queue of keys, one worker reconciles them in turn.

`ControllerManager` runs one `ControllerTask` for each controller. A controller reads the objects
themselves, not a cache, and the port is synchronous: what it reads is true until it returns.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable

from tutorial.sandbox.controllers.queue import Key, WorkQueue
from tutorial.sandbox.ports import Change, Object, Objects
from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.status import ApiError

_log = logging.getLogger(__name__)


class Controller(ABC):
    """One part of the wanted state. `watches` are the types whose changes may concern it."""

    watches: tuple[ResourceType, ...] = ()

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    @abstractmethod
    def keys(self, resource: ResourceType, change: Change) -> Iterable[Key]:
        """The keys to look at after a change of a watched type."""

    @abstractmethod
    def reconcile(self, key: Key) -> float | None:
        """Make the cluster as the object of that key wants it; called again on every change.

        Returns:
            The seconds after which to look again without a change, None for never.

        Raises:
            ApiError: it did not work; it is tried again later.
        """

    def find(self, resource: ResourceType, key: Key) -> Object | None:
        """The object of that key, None when it is gone."""
        try:
            return self.objects.get(resource, key.namespace or None, key.name)
        except ApiError as error:
            if error.reason != "NotFound":
                raise
            return None


class ControllerTask:
    """Runs one controller until it is cancelled."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._queue = WorkQueue()

    async def run(self) -> None:
        """Watch and reconcile for ever; closes the watches in the end."""
        watches = {
            resource: self._controller.objects.watch(resource) for resource in self._controller.watches
        }
        try:
            async with asyncio.TaskGroup() as tasks:
                for resource, watch in watches.items():
                    tasks.create_task(self._follow(resource, aiter(watch)))
                tasks.create_task(self._work())
        finally:
            self._queue.close()
            for watch in watches.values():
                watch.close()

    async def _follow(self, resource: ResourceType, changes: AsyncIterator[Change]) -> None:
        async for change in changes:
            if change.type != "SYNCED":
                for key in self._controller.keys(resource, change):
                    self._queue.add(key)

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            try:
                again = self._controller.reconcile(key)
            except ApiError as error:
                _log.debug("%s %s: %s", type(self._controller).__name__, key, error)
                self._queue.retry(key)
            except Exception:
                _log.exception("%s failed on %s", type(self._controller).__name__, key)
                self._queue.retry(key)
            else:
                self._queue.forget(key)
                if again is not None:
                    self._queue.add_after(key, again)


def key_of(obj: Object) -> Key:
    """The key of an object."""
    metadata = obj["metadata"]
    return Key(metadata.get("namespace", ""), metadata["name"])
