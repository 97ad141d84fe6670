"""Asks a running Envoy over the Unix socket of its admin interface which configuration it has."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from tutorial.sandbox.mesh.envoy.bootstrap import ADMIN_SOCKET

_TIMEOUT_SECONDS = 1.0
_LIVE = "0"
_QUERY = "/stats?filter=" + "(version_text|server.state)$"


async def applied_versions(folder: Path) -> dict[str, str] | None:
    """The version of each configuration that the Envoy of this folder has applied, by the name of
    its statistic (`cluster_manager.cds.version_text`); None when it does not run, or not yet with
    all of its first configuration."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            text = await _get(folder, _QUERY)
    except (OSError, TimeoutError, ValueError):
        return None
    values = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    if values.pop("server.state", None) != _LIVE:
        return None
    return {name: value.strip('"') for name, value in values.items() if name.endswith(".version_text")}


async def _get(folder: Path, path: str) -> str:
    # A socket's path is limited to 108 bytes, a folder's is not: name it by an open descriptor.
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{opened}/{ADMIN_SOCKET}")
    finally:
        os.close(opened)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        answer = await reader.read()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        body = _join_chunks(body)
    return body.decode(errors="replace")


def _join_chunks(body: bytes) -> bytes:
    joined = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            break
        joined += rest[:length]
        body = rest[length + 2 :]
    return joined
