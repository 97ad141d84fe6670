"""The internet of the sandbox: its pod, its sockets, and the process that serves them.

Made and started by the supervisor. The pod is one more pod of the node, with the outside
addresses; the process runs in the user's own namespaces on sockets made inside that pod, so that it
needs nothing of the node but these. Starting it delays nobody: it goes on in the background.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from tutorial.sandbox.internet.certificates import make_certificates
from tutorial.sandbox.internet.names import HTTPBIN, HTTPBIN_ADDRESSES, WIKIPEDIA, WIKIPEDIA_ADDRESSES
from tutorial.sandbox.internet.server import ServerPlan, SitePlan

POD_NAME = "internet"

_HTTP = 80
_HTTPS = 443
_STOP_SECONDS = 1.0

log = logging.getLogger(__name__)


class InternetNode(Protocol):
    """What the internet needs of the node."""

    async def create_sandbox_pod(self, name: str, addresses: Sequence[str]) -> Any:
        """A pod of this name and uid with these addresses."""
        ...

    async def remove_sandbox_pod(self, uid: str) -> None: ...

    async def listen(self, address: str, port: int, kind: str, pod_uid: str | None = None) -> socket.socket:
        """See `NetworkPlane.listen`."""
        ...


class Internet:
    """httpbin.org and Wikipedia, as the pods see them."""

    def __init__(self, node: InternetNode, folder: Path) -> None:
        """
        Args:
            node: makes the pod and its sockets.
            folder: the sandbox's run folder.
        """
        self._certificates = make_certificates([HTTPBIN], WIKIPEDIA)
        self._node = node
        self._sockets_folder = folder / "internet"
        self._coming_up: asyncio.Task[None] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._process_handle: int | None = None
        self._lifeline: socket.socket | None = None

    @property
    def authority(self) -> str:
        """PEM text of the authority that pods must trust."""
        return self._certificates.authority

    async def start(self) -> None:
        """Begin to bring it up."""
        self._coming_up = asyncio.create_task(self._come_up(self._certificates.chains))

    async def up(self) -> None:
        """Wait until the sockets are there: from then on a request is answered, if not at once.
        Raises OSError when they could not be made."""
        if self._coming_up is not None:
            await asyncio.shield(self._coming_up)

    async def stop(self) -> None:
        """End the process and the pod; quiet when they are not there."""
        if self._coming_up is not None:
            self._coming_up.cancel()
            await asyncio.gather(self._coming_up, return_exceptions=True)
        self._forget_process_handle()
        if self._lifeline is not None:
            self._lifeline.close()
        if self._process is not None:
            await asyncio.to_thread(_end, self._process)
        with suppress(OSError):
            await self._node.remove_sandbox_pod(POD_NAME)
        shutil.rmtree(self._sockets_folder, ignore_errors=True)

    async def _come_up(self, chains: Sequence[str]) -> None:
        try:
            await self._node.create_sandbox_pod(POD_NAME, (*HTTPBIN_ADDRESSES, *WIKIPEDIA_ADDRESSES))
            with ExitStack() as ours:
                httpbin = await self._site(HTTPBIN_ADDRESSES, chains[0], ours)
                wikipedia = await self._site(WIKIPEDIA_ADDRESSES, chains[1], ours)
                self._start_process(httpbin, wikipedia, ours)
        except OSError:
            log.exception("The sandbox has no internet: its pod or its servers did not start")
            raise

    async def _site(self, addresses: Sequence[str], chain: str, ours: ExitStack) -> SitePlan:
        """A site's sockets and certificate; our copies are closed with `ours`."""
        listeners: dict[int, list[int]] = {_HTTP: [], _HTTPS: []}
        for port, numbers in listeners.items():
            for address in addresses:
                listener = await self._node.listen(address, port, "tcp", POD_NAME)
                ours.callback(listener.close)
                numbers.append(listener.fileno())
        certificate = os.memfd_create("certificate", os.MFD_CLOEXEC)
        ours.callback(os.close, certificate)
        os.write(certificate, chain.encode())
        return SitePlan(tuple(listeners[_HTTP]), tuple(listeners[_HTTPS]), certificate)

    def _start_process(self, httpbin: SitePlan, wikipedia: SitePlan, ours: ExitStack) -> None:
        self._sockets_folder.mkdir(mode=0o700, exist_ok=True)
        folder = os.open(self._sockets_folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        ours.callback(os.close, folder)
        self._lifeline, theirs = socket.socketpair()
        ours.callback(theirs.close)
        plan = ServerPlan(theirs.fileno(), folder, httpbin, wikipedia)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tutorial.sandbox.internet.server", json.dumps(asdict(plan))],
            stdin=subprocess.DEVNULL,
            pass_fds=plan.descriptors,
        )
        self._process_handle = os.pidfd_open(self._process.pid)
        asyncio.get_running_loop().add_reader(self._process_handle, self._report_end)

    def _report_end(self) -> None:
        """The servers ended by themselves: say so, since the learner only sees refused connections."""
        self._forget_process_handle()
        log.error("The sandbox's internet has ended: its servers stopped by themselves")

    def _forget_process_handle(self) -> None:
        if self._process_handle is not None:
            asyncio.get_running_loop().remove_reader(self._process_handle)
            os.close(self._process_handle)
            self._process_handle = None


def _end(process: subprocess.Popen[bytes]) -> None:
    """The process ends with its lifeline; one that does not is killed."""
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
