"""One watcher's view of the store: a queue of changes that the store pushes into and one task reads.

Made by `tutorial.sandbox.store.store.Store.watch`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredChange:
    """One change: its revision, ADDED, MODIFIED or DELETED, the object after it (before it, for
    DELETED, with the revision of the removal), and what was stored before, if anything was."""

    revision: int
    type: str
    object: dict[str, Any]
    previous: dict[str, Any] | None


class WatchOverflowError(Exception):
    """The watcher was too slow: changes for it were dropped, and it must list again."""


class StoreWatch:
    """Changes in order. One reader only; `close` ends it at once."""

    def __init__(
        self, backlog: Iterable[StoredChange], *, limit: int | None, on_close: Callable[[StoreWatch], None]
    ) -> None:
        self._changes = deque(backlog)
        self._limit = limit
        self._on_close = on_close
        self._waiting: asyncio.Future[None] | None = None
        self._overflowed = False
        self._closed = False

    def push(self, change: StoredChange) -> None:
        """Queue one change for the reader."""
        if self._limit is not None and len(self._changes) >= self._limit:
            self._overflowed = True
            self._changes.clear()
            self.close()
            return
        self._changes.append(change)
        self._wake()

    def drain(self) -> list[StoredChange]:
        """The changes that wait now, without waiting for more."""
        changes = list(self._changes)
        self._changes.clear()
        return changes

    def __aiter__(self) -> StoreWatch:
        return self

    async def __anext__(self) -> StoredChange:
        """The next change, when there is one.

        Raises:
            WatchOverflowError: changes were dropped.
            StopAsyncIteration: the watch was closed.
        """
        while not self._changes:
            if self._overflowed:
                raise WatchOverflowError
            if self._closed:
                raise StopAsyncIteration
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._changes.popleft()

    def close(self) -> None:
        """End it: what is queued can still be read, then reading stops."""
        self._closed = True
        self._on_close(self)
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
