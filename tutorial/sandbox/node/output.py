"""What a container's program writes, carried to its log and to the clients that are attached to it.

Made by `container_runner` for each run of a container; attached to by `attach`.
"""

from __future__ import annotations

import asyncio
import os

from tutorial.sandbox.descriptors import read_chunks, write_all
from tutorial.sandbox.node.logs import ContainerLog


class ContainerOutput:
    """The output streams of one run of a container. A slow attached client slows the program down, as it
    does in a container runtime."""

    def __init__(self, log: ContainerLog) -> None:
        self._log = log
        self._followers: dict[str, list[int]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def capture(self, descriptor: int, stream: str) -> None:
        """Take `descriptor` over and carry what comes out of it as `stream` until it ends."""
        self._followers[stream] = []
        self._log.open(stream)
        self._tasks.append(asyncio.ensure_future(self._carry(descriptor, stream)))

    def follow(self, stream: str) -> int:
        """The reading end of a new pipe, the caller's to close: what `stream` brings from now on."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        if stream in self._followers:
            self._followers[stream].append(writing)
        else:
            os.close(writing)
        return reading

    async def _carry(self, descriptor: int, stream: str) -> None:
        try:
            async for chunk in read_chunks(descriptor):
                self._log.write(stream, chunk)
                for follower in tuple(self._followers[stream]):
                    await self._pass_on(stream, follower, chunk)
        finally:
            os.close(descriptor)
            self._log.write(stream, b"")
            for follower in self._followers.pop(stream):
                os.close(follower)

    async def _pass_on(self, stream: str, follower: int, chunk: bytes) -> None:
        try:
            await write_all(follower, chunk)
        except OSError:
            self._followers[stream].remove(follower)
            os.close(follower)
