"""The sandbox's one process in the user's own namespaces: makes every part and wires them together.

Started by `tutorial.sandbox.launch` as `python -m tutorial.sandbox.supervisor FOLDER NAME LIFELINE`.
On the lifeline it says `ready`, or what is wrong; when the other end closes, it ends, unless it was
told to `keep`. Whatever ends it, the kernel ends the node, and with it every pod.

The node is forked before anything large is imported: its processes stay small, and it makes its
namespaces while this process imports.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import logging
import os
import secrets
import signal
import socket
import sys
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tutorial.errors import SandboxError
from tutorial.sandbox.node.namespaces import NodeProcess, fork_node
from tutorial.sandbox.state import SandboxState, write_state

_SYSTEM_CERTIFICATES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),  # Debian, Arch, Alpine
    Path("/etc/pki/tls/certs/ca-bundle.crt"),  # Fedora
    Path("/etc/ssl/ca-bundle.pem"),  # SUSE
)
_NODE_END_SECONDS = 2.0
_log = logging.getLogger(__name__)


@dataclass
class Lifeline:
    """Our end of the socket pair that ties the sandbox to the process that started it."""

    socket: socket.socket

    def say(self, line: str) -> None:
        with suppress(OSError):
            self.socket.sendall(line.encode() + b"\n")

    async def wait_for_keep(self) -> bool:
        """True when told to outlive the other end, false when that end has closed."""
        self.socket.setblocking(False)
        with suppress(OSError):
            return await asyncio.get_running_loop().sock_recv(self.socket, 16) == b"keep\n"
        return False


def main() -> None:
    """Fork the node, then serve until the end."""
    folder, name, lifeline = Path(sys.argv[1]), sys.argv[2], Lifeline(socket.socket(fileno=int(sys.argv[3])))
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    node = fork_node(diagnostics=sys.stderr.fileno())
    lock = _take_lock(folder)
    try:
        _serve(folder, name, lifeline, node)
    except SandboxError as error:
        lifeline.say(json.dumps({"what": error.what, "why": error.why, "do": error.do}))
    except OSError as error:
        _log.exception("the sandbox cannot start")
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        do = f"Free some space where {folder.parent} lies." if full else "egress-tutorial doctor"
        lifeline.say(json.dumps({"what": "The sandbox cannot start.", "why": str(error), "do": do}))
    finally:
        node.end.close()
        _wait_for_node(node.pid)
        os.close(lock)


def _take_lock(folder: Path) -> int:
    """Hold the folder's lock as long as this process lives: after the fork, which would hold it too."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _wait_for_node(pid: int) -> None:
    deadline = time.monotonic() + _NODE_END_SECONDS
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return
        time.sleep(0.002)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _serve(folder: Path, name: str, lifeline: Lifeline, node: NodeProcess) -> None:
    import uvloop

    uvloop.run(_run(folder, name, lifeline, node))


async def _run(folder: Path, name: str, lifeline: Lifeline, node: NodeProcess) -> None:
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    async with AsyncExitStack() as parts:
        state = await _start_parts(folder, name, node, parts, ending)
        write_state(folder, state)
        lifeline.say("ready")
        keeping = asyncio.create_task(_follow_lifeline(folder, state, lifeline, ending))
        await ending.wait()
        keeping.cancel()


async def _follow_lifeline(
    folder: Path, state: SandboxState, lifeline: Lifeline, ending: asyncio.Event
) -> None:
    if await lifeline.wait_for_keep():
        write_state(folder, replace(state, kept=True))
        lifeline.say("kept")
    else:
        ending.set()


async def _start_parts(
    folder: Path, name: str, node: NodeProcess, parts: AsyncExitStack, ending: asyncio.Event
) -> SandboxState:
    """Make and start every part; `parts` stops them in reverse order. Without its node a sandbox is
    none, so the node's end sets `ending`. Raises SandboxError or OSError."""
    from tutorial.sandbox.api.kubeconfig import write_kubeconfig
    from tutorial.sandbox.api.objects import ObjectsFacade
    from tutorial.sandbox.api.server import ApiServer
    from tutorial.sandbox.api.tls import make_certificate
    from tutorial.sandbox.controllers.manager import ControllerManager
    from tutorial.sandbox.internet.names import OUTSIDE_NAMES
    from tutorial.sandbox.internet.service import Internet
    from tutorial.sandbox.istioctl.program import write_program
    from tutorial.sandbox.mesh.advice import advice
    from tutorial.sandbox.mesh.control import MeshControl
    from tutorial.sandbox.mesh.injection import Injector
    from tutorial.sandbox.net.dns import DnsServer
    from tutorial.sandbox.net.service_proxy import CLUSTER_DNS, ServiceProxy
    from tutorial.sandbox.node.client import NodeClient
    from tutorial.sandbox.node.kubelet import Kubelet
    from tutorial.sandbox.node.pod_files import PodSettings
    from tutorial.sandbox.node.runtime import NodeRuntime
    from tutorial.sandbox.node.scheduler import Scheduler
    from tutorial.sandbox.schemas import Schemas
    from tutorial.sandbox.store.store import Store

    client = NodeClient(node.end)
    parts.callback(client.close)
    await client.start()
    assert client.gone is not None
    client.gone.add_done_callback(lambda _: ending.set())
    await client.add_address(CLUSTER_DNS)

    objects = ObjectsFacade(Store(), Schemas.load(), Injector(), [advice])
    certificate = make_certificate()
    token = secrets.token_urlsafe(32)
    internet = Internet(client, folder)
    await internet.start()
    parts.push_async_callback(internet.stop)
    mesh = MeshControl(objects, folder)
    settings = PodSettings(
        dns_address=CLUSTER_DNS,
        ca_bundle=_write_trusted_certificates(folder, internet.authority),
        root_ca=certificate.authority.decode(),
    )
    kubelet = Kubelet(objects, client, mesh, folder / "logs", settings)
    api = ApiServer(objects, NodeRuntime(kubelet), token, certificate.context())

    for part in (
        ControllerManager(objects, root_certificate=certificate.authority.decode()),
        ServiceProxy(objects, client),
        DnsServer(objects, client, OUTSIDE_NAMES),
        mesh,
        Scheduler(objects),
    ):
        await part.start()
        parts.push_async_callback(part.stop)
    kubelet.start()
    parts.push_async_callback(kubelet.stop)
    port = await api.start()
    parts.push_async_callback(api.stop)

    context = "sandbox" if name == "default" else f"sandbox-{name}"
    write_kubeconfig(
        folder / "kubeconfig", port=port, token=token, authority=certificate.authority, context=context
    )
    write_program(folder / "bin")
    return SandboxState(name, os.getpid(), port, context, time.time(), kept=False)


def _write_trusted_certificates(folder: Path, authority: str) -> Path:
    """What pods trust: what this machine trusts, and the sandbox's internet."""
    bundle = folder / "trusted.pem"
    system = next((path.read_text() for path in _SYSTEM_CERTIFICATES if path.is_file()), "")
    bundle.write_text(system + authority)
    return bundle


if __name__ == "__main__":
    main()
