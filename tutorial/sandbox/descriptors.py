"""Reading and writing file descriptors (pipes, terminals, sockets) in the event loop.

Called by the API's streams and the node.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

_CHUNK = 32 * 1024


async def read_chunks(descriptor: int) -> AsyncIterator[bytes]:
    """What comes out of a descriptor until its end; a terminal ends with an error of its own."""
    os.set_blocking(descriptor, False)
    while True:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            await _ready(descriptor, write=False)
            continue
        except OSError:
            return
        if not chunk:
            return
        yield chunk


async def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`.

    Raises:
        OSError: nobody reads any more.
    """
    os.set_blocking(descriptor, False)
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            await _ready(descriptor, write=True)


async def _ready(descriptor: int, *, write: bool) -> None:
    loop = asyncio.get_running_loop()
    waiting: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not waiting.done():
            waiting.set_result(None)

    if write:
        loop.add_writer(descriptor, wake)
    else:
        loop.add_reader(descriptor, wake)
    try:
        await waiting
    finally:
        if write:
            loop.remove_writer(descriptor)
        else:
            loop.remove_reader(descriptor)
