"""The work queue: each key once, failures later and later."""

import asyncio
import time

from tutorial.sandbox.controllers.queue import FIRST_DELAY, Key, WorkQueue

A, B = Key("default", "a"), Key("default", "b")


async def test_a_key_waits_once_and_in_order():
    queue = WorkQueue()
    for key in (A, B, A):
        queue.add(key)

    assert [await queue.get(), await queue.get()] == [A, B]
    queue.add(B)
    assert await queue.get() == B


async def test_a_reader_waits_for_a_key():
    queue = WorkQueue()
    reader = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add(A)

    assert await reader == A


async def test_failures_come_back_later_each_time_until_it_went_well():
    queue = WorkQueue()
    waits = []
    for _ in range(3):
        started = time.monotonic()
        queue.retry(A)
        await queue.get()
        waits.append(time.monotonic() - started)

    assert [wait >= FIRST_DELAY * 2**n * 0.9 for n, wait in enumerate(waits)] == [True] * 3
    queue.forget(A)
    started = time.monotonic()
    queue.retry(A)
    await queue.get()
    assert time.monotonic() - started < waits[2] + FIRST_DELAY


async def test_the_earlier_of_two_plans_counts():
    queue = WorkQueue()
    queue.add_after(A, 60)
    queue.add_after(A, 0.001)
    queue.add_after(A, 60)

    assert await asyncio.wait_for(queue.get(), 1) == A


async def test_a_closed_queue_plans_nothing():
    queue = WorkQueue()
    queue.add_after(A, 0.001)
    queue.close()
    reader = asyncio.create_task(queue.get())
    await asyncio.sleep(0.01)

    assert not reader.done()
    reader.cancel()


async def test_a_key_that_has_failed_for_ever_is_still_planned():
    queue = WorkQueue()
    for _ in range(5000):
        queue.retry(A)

    assert await asyncio.wait_for(queue.get(), 1) == A
