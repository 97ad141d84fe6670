"""The supervisor's side of the node and its pods: asynchronous requests, processes as objects.

`NodeClient` is made by `tutorial.sandbox.supervisor` in its event loop from what `fork_node`
returned; it is the `NetworkPlane` of the network parts. Pods are made through
`create_sandbox_pod`, by the kubelet and for the internet's stand-ins alike.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from tutorial.errors import SandboxError
from tutorial.sandbox.node.channel import Message
from tutorial.sandbox.node.link import AgentLink
from tutorial.sandbox.node.rootfs import Mount


@dataclass(frozen=True)
class ProcessSpec:
    """A program to start in a pod. `program` is an open descriptor to execute instead of a path
    (still the caller's); `data_bytes` bounds its writable memory, 0 for no bound."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    stdin: bool = False
    tty: bool = False
    columns: int = 80
    rows: int = 24
    net_admin: bool = False
    data_bytes: int = 0
    program: int | None = None


class Process:
    """A program that runs in a pod. Its descriptors are the holder's to close."""

    def __init__(self, pod: PodSandbox, number: int, pid: int, spec: ProcessSpec, ends: Sequence[int]):
        self._pod = pod
        self._number = number
        self.pid = pid
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.stdin: int | None = None
        self.stderr: int | None = None
        if spec.tty:
            self.stdout = ends[0]
            self.stdin = os.dup(ends[0]) if spec.stdin else None
        else:
            if spec.stdin:
                self.stdin = ends[0]
            self.stdout, self.stderr = ends[-2:]

    async def wait(self) -> int:
        """The exit code, 128+n after signal n."""
        return await asyncio.shield(self.ended)

    async def send_signal(self, number: signal.Signals, *, group: bool = False) -> None:
        """To the program, or to its process group. Quiet when it has ended."""
        if not self.ended.done():
            with suppress(OSError):
                await self._pod.link.request("signal", process=self._number, signal=int(number), group=group)

    def close_stdin(self) -> None:
        """End its input. Quiet when it has none."""
        if self.stdin is not None:
            os.close(self.stdin)
            self.stdin = None


class PodSandbox:
    """A pod's namespaces: starts programs in them and makes sockets and rules inside."""

    def __init__(
        self, uid: str, addresses: Sequence[str], *, pid: int, end: socket.socket, name: str, link: str
    ) -> None:
        self.uid = uid
        self.name = name
        self.addresses = tuple(addresses)
        self.pid = pid
        self.link_name = link
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._processes: dict[int, Process] = {}
        self._ended_early: dict[int, int] = {}
        self.link = AgentLink(end, self._handle_event, self._handle_end)

    async def start_process(self, spec: ProcessSpec) -> Process:
        """Run a program. Raises OSError when it cannot be executed: FileNotFoundError,
        PermissionError, or the kernel's own."""
        command = {key: value for key, value in asdict(spec).items() if key != "program"}
        programs = () if spec.program is None else (spec.program,)
        reply, ends = await self.link.request("start", programs, command=command)
        process = Process(self, reply["process"], reply["pid"], spec, ends)
        if reply["process"] in self._ended_early:
            process.ended.set_result(self._ended_early.pop(reply["process"]))
        elif self.gone.done():
            process.ended.set_result(128 + signal.SIGKILL)
        else:
            self._processes[reply["process"]] = process
        return process

    async def make_socket(self, kind: str) -> socket.socket:
        """A non-blocking `tcp` or `udp` socket that belongs to the pod's network namespace."""
        return await self.link.make_socket(kind)

    async def apply_rules(self, batch: bytes) -> None:
        """See `NetworkPlane.apply_rules`."""
        await self.link.apply_rules(batch)

    async def dial(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to `port` on the pod's loopback. Raises OSError."""
        made = await self.make_socket("tcp")
        try:
            await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
        except OSError:
            made.close()
            raise
        return await asyncio.open_connection(sock=made)

    def close(self) -> None:
        """Let go of the channel: the pod's agent, and so the pod, ends."""
        self.link.close()
        self._handle_end()

    def _handle_event(self, message: Message) -> None:
        process = self._processes.pop(message["process"], None)
        if process is None:
            # It ended before `start_process`, which waits for the same channel, went on.
            self._ended_early[message["process"]] = message["code"]
        elif not process.ended.done():
            process.ended.set_result(message["code"])

    def _handle_end(self) -> None:
        for process in self._processes.values():
            if not process.ended.done():
                process.ended.set_result(128 + signal.SIGKILL)
        self._processes.clear()
        if not self.gone.done():
            self.gone.set_result(None)


class NodeClient:
    """The node, from inside the supervisor's event loop: the `NetworkPlane` port."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._link: AgentLink | None = None
        self._ready: asyncio.Future[None] | None = None
        self.pods: dict[str, PodSandbox] = {}
        self.gone: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Wait until the node is there. Raises SandboxError when it could not be made."""
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        self.gone = loop.create_future()
        self._link = AgentLink(self._end, self._handle_event, self._handle_end)
        try:
            await self._ready
        except OSError as error:
            from tutorial.sandbox.node.support import explain_refusal

            why, do = explain_refusal(error.errno or 0, error.strerror or str(error))
            raise SandboxError("The sandbox cannot start.", why=why, do=do) from error

    def close(self) -> None:
        """End the node and everything in it."""
        for pod in list(self.pods.values()):
            pod.close()
        self.pods.clear()
        if self._link is not None:
            self._link.close()
        else:
            self._end.close()

    async def create_sandbox_pod(
        self,
        name: str,
        addresses: Sequence[str],
        *,
        uid: str | None = None,
        files: Mapping[str, str] | None = None,
        links: Mapping[str, str] | None = None,
        mounts: Sequence[Mount] = (),
    ) -> PodSandbox:
        """Make a pod's namespaces and its link to the node. Raises OSError.

        Args:
            name: its host name; also its uid when none is given.
            addresses: IPv4 addresses without prefix length; the first is the pod's own.
            files: texts by absolute path (/etc and the like).
            links: destinations of symbolic links by absolute path.
            mounts: host files and folders that it sees.
        """
        root = {
            "files": dict(files or {}),
            "links": dict(links or {}),
            "mounts": [asdict(mount) for mount in mounts],
        }
        reply, (end,) = await self._request(
            "create_pod", hostname=name[:63], addresses=list(addresses), root=root
        )
        pod = PodSandbox(
            uid or name,
            addresses,
            pid=reply["pid"],
            end=socket.socket(fileno=end),
            name=name,
            link=reply["link"],
        )
        self.pods[pod.uid] = pod
        return pod

    async def remove_sandbox_pod(self, uid: str) -> None:
        """End a pod: no process, mount or link of it remains. Quiet when there is none."""
        pod = self.pods.pop(uid, None)
        if pod is not None:
            with suppress(BrokenPipeError):
                await self._request("end_pod", pid=pod.pid, link=pod.link_name)
            pod.close()

    async def add_address(self, address: str) -> None:
        """Give the node an address of its own (`10.96.0.10`): a listener's, for example."""
        await self._request("add_address", address=f"{address}/32")

    async def listen(self, address: str, port: int, kind: str, pod_uid: str | None = None) -> socket.socket:
        """See `NetworkPlane.listen`. Raises OSError (EADDRINUSE, EADDRNOTAVAIL)."""
        made = await self._link_of(pod_uid).make_socket(kind)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((address, port))
            if kind == "tcp":
                made.listen(128)
        except OSError:
            made.close()
            raise
        return made

    async def apply_rules(self, batch: bytes, pod_uid: str | None = None) -> None:
        """See `NetworkPlane.apply_rules`."""
        await self._link_of(pod_uid).apply_rules(batch)

    async def _request(self, do: str, **fields: Any) -> tuple[Message, list[int]]:
        return await self._link_of(None).request(do, **fields)

    def _link_of(self, pod_uid: str | None) -> AgentLink:
        if pod_uid is not None:
            pod = self.pods.get(pod_uid)
            if pod is None:
                raise BrokenPipeError(errno.EPIPE, f"no pod with uid {pod_uid} runs")
            return pod.link
        if self._link is None:
            raise BrokenPipeError(errno.EPIPE, "the node has not been started")
        return self._link

    def _handle_event(self, message: Message) -> None:
        if self._ready is not None and not self._ready.done():
            if message["event"] == "ready":
                self._ready.set_result(None)
            elif message["event"] == "failed":
                self._ready.set_exception(OSError(message["errno"], message["error"]))

    def _handle_end(self) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(BrokenPipeError(errno.EPIPE, "its process ended at once"))
        if self.gone is not None and not self.gone.done():
            self.gone.set_result(None)
