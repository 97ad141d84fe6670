"""The keys of objects that a controller has to look at: each at most once, retries with backoff.

Used by `controller.py`.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

FIRST_DELAY = 0.005
LONGEST_DELAY = 10.0
_DOUBLINGS = 11
"""After so many failures the wait is the longest one."""


class Key(NamedTuple):
    """An object's namespace (empty for cluster-wide ones) and name."""

    namespace: str
    name: str


class WorkQueue:
    """First in, first out; a key that waits is not added again. One reader."""

    def __init__(self) -> None:
        self._waiting: dict[Key, None] = {}
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._wake = asyncio.Event()

    def add(self, key: Key) -> None:
        """Look at `key` soon."""
        self._waiting[key] = None
        self._wake.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Look at `key` in that time, or at the earlier one that was asked for before."""
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        timer = self._timers.get(key)
        if timer is not None and timer.when() <= due:
            return
        if timer is not None:
            timer.cancel()
        self._timers[key] = loop.call_at(due, self._due, key)

    def retry(self, key: Key) -> None:
        """Look at `key` again after a failure, each time after a longer wait."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self.add_after(key, min(FIRST_DELAY * 2 ** min(failures, _DOUBLINGS), LONGEST_DELAY))

    def forget(self, key: Key) -> None:
        """It went well: the next failure starts with the shortest wait."""
        self._failures.pop(key, None)

    async def get(self) -> Key:
        """The key that waits longest."""
        while not self._waiting:
            self._wake.clear()
            await self._wake.wait()
        key = next(iter(self._waiting))
        del self._waiting[key]
        return key

    def close(self) -> None:
        """Drop what waits and what is planned."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._waiting.clear()

    def _due(self, key: Key) -> None:
        del self._timers[key]
        self.add(key)
