"""One connection to a port of a pod, for a client that forwards it.

Made by `port_forward` and `port_forward_channels`.
"""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import suppress
from typing import Any, Protocol

from tutorial.sandbox.ports import PodRuntime
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]

_READ_BYTES = 32 * 1024
_WAITING_CHUNKS = 64


class Sink(Protocol):
    """Bytes on their way to the client."""

    async def write(self, data: bytes) -> None:
        """Raises ConnectionError when the client is gone."""
        ...

    async def close(self) -> None: ...


class Forward:
    """Carries bytes until the pod's side ends, in `task`. `input` takes what the client sends, an empty
    chunk at its end; a port that does not read holds its client up when enough of them wait.

    Args:
        data, errors: where what the port sends goes, and why it cannot be reached.
        port: as the client wrote it.
    """

    def __init__(self, data: Sink, errors: Sink, port: str, pod: Object, runtime: PodRuntime) -> None:
        self.input: asyncio.Queue[bytes] = asyncio.Queue(_WAITING_CHUNKS)
        self._data = data
        self._errors = errors
        self._port = port
        self._pod = pod
        self._runtime = runtime
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            with suppress(ConnectionError):
                await self._carry()
                await self._data.close()
                await self._errors.close()
        finally:
            while not self.input.empty():
                self.input.get_nowait()

    async def _carry(self) -> None:
        try:
            reader, writer = await self._runtime.dial(self._pod, _port_number(self._port))
        except (OSError, ValueError, ApiError) as error:
            await self._errors.write(self._explain(error).encode())
            return
        sending = asyncio.create_task(self._send(writer))
        try:
            while chunk := await _read(reader):
                await self._data.write(chunk)
        finally:
            sending.cancel()
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        """Pass the client's bytes on; past a port that has closed, read them away."""
        is_open = True
        while chunk := await self.input.get():
            try:
                if is_open:
                    writer.write(chunk)
                    await writer.drain()
            except ConnectionError:
                is_open = False
        if is_open and writer.can_write_eof():
            with suppress(OSError):
                writer.write_eof()

    def _explain(self, error: Exception) -> str:
        """In the words of a node's container runtime."""
        if isinstance(error, ApiError):
            return error.message
        why = str(error)
        if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
            why = f"dial tcp4 127.0.0.1:{self._port}: connect: {os.strerror(errno.ECONNREFUSED).lower()}"
        uid = self._pod["metadata"]["uid"]
        where = f'failed to connect to localhost:{self._port} inside namespace "{uid}"'
        return f"error forwarding port {self._port} to pod {uid}, uid : {where}: {why}"


async def _read(reader: asyncio.StreamReader) -> bytes:
    """What the port sends; a reset ends it too."""
    try:
        return await reader.read(_READ_BYTES)
    except ConnectionError:
        return b""


def _port_number(text: str) -> int:
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError(f'"{text}" is not a port')
    return number
