from __future__ import annotations

import asyncio

import pytest
from sandbox.objects_for_tests import MemoryObjects, service

from tutorial.sandbox.net import watching
from tutorial.sandbox.net.watching import Watcher
from tutorial.sandbox.resources import ENDPOINT_SLICE, SERVICE


class Reconciler:
    def __init__(self, objects: MemoryObjects, failures: int = 0) -> None:
        self.objects = objects
        self.failures = failures
        self.seen: list[int] = []

    async def __call__(self) -> None:
        self.seen.append(len(self.objects.list(SERVICE)))
        if len(self.seen) > 1 and self.failures:
            self.failures -= 1
            raise OSError("no")


async def test_a_burst_of_changes_is_one_call_with_all_of_them() -> None:
    objects = MemoryObjects((SERVICE, service("a")), (SERVICE, service("b")))
    reconcile = Reconciler(objects)
    watcher = Watcher(objects, (SERVICE, ENDPOINT_SLICE), reconcile)
    await watcher.start()
    assert reconcile.seen == [2]
    for name in "cdef":
        objects.put(SERVICE, service(name))
    await asyncio.sleep(0.01)
    await watcher.stop()
    assert reconcile.seen == [2, 6]


async def test_changes_gather_while_it_rests() -> None:
    objects = MemoryObjects()
    reconcile = Reconciler(objects)
    rests: list[float] = []

    def rest() -> float:
        rests.append(0.05)
        return rests[-1]

    watcher = Watcher(objects, (SERVICE,), reconcile, rest=rest)
    await watcher.start()
    for name in "abc":
        objects.put(SERVICE, service(name))
        await asyncio.sleep(0)
    while len(reconcile.seen) < 2:
        await asyncio.sleep(0.01)
    await watcher.stop()
    assert reconcile.seen == [0, 3]
    assert rests


async def test_nothing_is_called_after_stop() -> None:
    objects = MemoryObjects()
    reconcile = Reconciler(objects)
    watcher = Watcher(objects, (SERVICE,), reconcile)
    await watcher.start()
    await watcher.stop()
    objects.put(SERVICE, service("a"))
    await asyncio.sleep(0.01)
    assert reconcile.seen == [0]


async def test_a_later_failure_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "RETRY_SECONDS", 0.01)
    objects = MemoryObjects()
    reconcile = Reconciler(objects, failures=2)
    watcher = Watcher(objects, (SERVICE,), reconcile)
    await watcher.start()
    objects.put(SERVICE, service("a"))
    await asyncio.sleep(0.1)
    await watcher.stop()
    assert reconcile.seen == [0, 1, 1, 1]


async def test_the_first_failure_is_the_callers() -> None:
    async def fail() -> None:
        raise OSError("no rules here")

    watcher = Watcher(MemoryObjects(), (SERVICE,), fail)
    with pytest.raises(OSError, match="no rules here"):
        await watcher.start()
    await watcher.stop()
