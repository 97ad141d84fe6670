"""Tells a part when to recompute: after any change of the kinds of objects that it depends on.

Used by the service proxy and by mesh control, which then list what they need: a burst of changes
costs one recomputation.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tutorial.sandbox.ports import Objects
from tutorial.sandbox.resources import ResourceType

RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)

Reconcile = Callable[[], Awaitable[None]]


class Watcher:
    """Calls `reconcile` once when the present objects are known, and after every burst of changes;
    a call that fails after the first one is logged and repeated.

    Args:
        rest: how many seconds to let pass after a call, in which changes gather for the next one.
    """

    def __init__(
        self,
        objects: Objects,
        resources: tuple[ResourceType, ...],
        reconcile: Reconcile,
        *,
        rest: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._objects = objects
        self._resources = resources
        self._reconcile = reconcile
        self._rest = rest
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to watch, and return after the first `reconcile`, whose exception it raises."""
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(first))
        await first

    async def stop(self) -> None:
        """Stop watching; quiet when it was never started."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def _run(self, first: asyncio.Future[None]) -> None:
        changed = asyncio.Event()
        unsynced = set(self._resources)
        async with asyncio.TaskGroup() as group:
            for resource in self._resources:
                group.create_task(self._follow(resource, unsynced, changed))
            while True:
                await changed.wait()
                changed.clear()
                try:
                    await self._reconcile()
                except Exception as error:
                    if not first.done():
                        first.set_exception(error)
                        return
                    log.exception("Cannot follow the change; trying again")
                    asyncio.get_running_loop().call_later(RETRY_SECONDS, changed.set)
                if not first.done():
                    first.set_result(None)
                await asyncio.sleep(self._rest())

    async def _follow(
        self, resource: ResourceType, unsynced: set[ResourceType], changed: asyncio.Event
    ) -> None:
        watch = self._objects.watch(resource)
        try:
            async for change in watch:
                if change.type == "SYNCED":
                    unsynced.discard(resource)
                if not unsynced:
                    changed.set()
        finally:
            watch.close()
