"""What a container's program writes, carried to its log and to the clients that are attached to it.

Made by `container_runner` for each run of a container; attached to by `attach`.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from tutorial.sandbox.descriptors import read_chunks, write_all
from tutorial.sandbox.node.logs import ContainerLog


@dataclass(eq=False)
class Follower:
    """A client's pipe: our end of it. `busy` while a chunk waits to go in."""

    stream: str
    writing: int
    busy: bool = False


class ContainerOutput:
    """The output streams of one run of a container. A slow attached client slows the program down, as it
    does in a container runtime."""

    def __init__(self, log: ContainerLog) -> None:
        self._log = log
        self._followers: dict[str, list[Follower]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def capture(self, descriptor: int, stream: str) -> None:
        """Take `descriptor` over and carry what comes out of it as `stream` until it ends."""
        self._followers[stream] = []
        self._log.open(stream)
        self._tasks.append(asyncio.ensure_future(self._carry(descriptor, stream)))

    def follow(self, stream: str) -> tuple[Follower, int]:
        """The reading end of a new pipe, the caller's to close: what `stream` brings from now on."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        follower = Follower(stream, writing)
        if stream in self._followers:
            self._followers[stream].append(follower)
        else:
            os.close(writing)
        return follower, reading

    def unfollow(self, follower: Follower) -> None:
        """Let go of a pipe whose reading end is about to be closed; that ends a write that waits."""
        if follower in self._followers.get(follower.stream, ()) and not follower.busy:
            self._drop(follower)

    async def _carry(self, descriptor: int, stream: str) -> None:
        try:
            async for chunk in read_chunks(descriptor):
                self._log.write(stream, chunk)
                for follower in tuple(self._followers[stream]):
                    await self._pass_on(follower, chunk)
        finally:
            os.close(descriptor)
            self._log.write(stream, b"")
            for follower in self._followers.pop(stream):
                os.close(follower.writing)

    async def _pass_on(self, follower: Follower, chunk: bytes) -> None:
        if follower not in self._followers[follower.stream]:
            return
        follower.busy = True
        try:
            await write_all(follower.writing, chunk)
        except OSError:
            self._drop(follower)
        finally:
            follower.busy = False

    def _drop(self, follower: Follower) -> None:
        self._followers[follower.stream].remove(follower)
        os.close(follower.writing)
