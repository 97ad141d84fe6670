"""A container's probes: when it counts as started and ready, and when it is restarted.

Run by `container_runner` beside the container's program. Source of rules and words: the kubelet 1.36.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from tutorial.sandbox.node.client import PodSandbox
from tutorial.sandbox.node.container import Container
from tutorial.sandbox.node.exec import run_command
from tutorial.sandbox.ports import Object

HANDLERS = ("exec", "httpGet", "tcpSocket")
_NAMES = ("startupProbe", "readinessProbe", "livenessProbe")
_LONGEST_OUTPUT = 10_240

Tell = Callable[[str, str], None]
"""Records an event: its reason and message."""


def has_probes(container: Container) -> bool:
    """Whether there is anything to probe."""
    return any(_probe(container, name) is not None for name in _NAMES)


class Prober:
    """Probes one run of a container until it is cancelled.

    Args:
        address: the pod's address.
        publish: writes the pod's status.
        restart: ends the container's program, so that it is started again.
    """

    def __init__(
        self,
        container: Container,
        sandbox: PodSandbox,
        env: Mapping[str, str],
        *,
        tell: Tell,
        publish: Callable[[], None],
        restart: Callable[[], Awaitable[None]],
    ) -> None:
        self._container = container
        self._sandbox = sandbox
        self._env = env
        self._tell = tell
        self._publish = publish
        self._restart = restart

    async def run(self) -> None:
        """Startup first; then readiness and liveness side by side."""
        startup = _probe(self._container, "startupProbe")
        if startup is not None:
            await asyncio.sleep(startup.get("initialDelaySeconds", 0))
            if not await self._follow(startup, "Startup", until=True):
                await self._kill("startup")
                return
        self._container.started = True
        self._publish()
        await asyncio.gather(self._keep_ready(), self._keep_alive())

    async def _keep_ready(self) -> None:
        probe = _probe(self._container, "readinessProbe")
        if probe is None:
            self._mark_ready(True)
            return
        await asyncio.sleep(probe.get("initialDelaySeconds", 0))
        while True:
            self._mark_ready(await self._follow(probe, "Readiness", until=not self._container.ready))

    async def _keep_alive(self) -> None:
        probe = _probe(self._container, "livenessProbe")
        if probe is not None:
            await asyncio.sleep(probe.get("initialDelaySeconds", 0))
            await self._follow(probe, "Liveness", until=False)
            await self._kill("liveness")

    def _mark_ready(self, ready: bool) -> None:
        if self._container.ready != ready:
            self._container.ready = ready
            self._publish()

    async def _kill(self, kind: str) -> None:
        self._tell("Killing", f"Container {self._container.name} failed {kind} probe, will be restarted")
        await self._restart()

    async def _follow(self, probe: Object, kind: str, *, until: bool) -> bool:
        """Probe until its thresholds say `until` (or, for a startup, the opposite). Returns what
        they said."""
        successes = failures = 0
        while True:
            fault = await self._once(probe)
            if fault is None:
                successes, failures = successes + 1, 0
            else:
                successes, failures = 0, failures + 1
                self._tell("Unhealthy", f"{kind} probe failed: {fault}")
            if until and successes >= probe.get("successThreshold", 1):
                return True
            if failures >= probe.get("failureThreshold", 3) and (not until or kind == "Startup"):
                return False
            await asyncio.sleep(probe.get("periodSeconds") or 10)

    async def _once(self, probe: Object) -> str | None:
        """One look. Returns what is wrong, None when nothing is."""
        seconds = probe.get("timeoutSeconds") or 1
        if "exec" in probe:
            return await self._execute(probe["exec"].get("command", []), seconds)
        if "httpGet" in probe:
            return await self._get(probe["httpGet"], seconds)
        port = self._port(probe["tcpSocket"]["port"])
        place = f"{self._sandbox.addresses[0]}:{port}"
        try:
            async with asyncio.timeout(seconds):
                _, writer = await self._connect(port)
                writer.close()
        except TimeoutError:
            return f"dial tcp {place}: i/o timeout"
        except OSError as error:
            return f"dial tcp {place}: connect: {_reason(error)}"
        return None

    async def _execute(self, command: list[str], seconds: float) -> str | None:
        cwd = self._container.spec.get("workingDir") or "/"
        try:
            session = await run_command(self._sandbox, command, dict(self._env), cwd, stdin=False, tty=False)
        except BrokenPipeError:
            return "the pod has ended"
        outputs = [descriptor for descriptor in (session.stdout, session.stderr) if descriptor is not None]
        try:
            async with asyncio.timeout(seconds):
                texts = await asyncio.gather(
                    *(asyncio.to_thread(_read, descriptor) for descriptor in outputs)
                )
                code = await session.wait()
        except TimeoutError:
            session.kill()
            return f'command timed out: "{" ".join(command)}" timed out after {seconds}s'
        return None if code == 0 else "".join(texts).strip()

    async def _get(self, request: Object, seconds: float) -> str | None:
        port = self._port(request["port"])
        scheme = request.get("scheme", "HTTP").lower()
        path = "/" + request.get("path", "/").lstrip("/")
        host = request.get("host") or self._sandbox.addresses[0]
        url = f'Get "{scheme}://{host}:{port}{path}"'
        try:
            async with asyncio.timeout(seconds):
                reader, writer = await self._connect(port, tls=scheme == "https")
                try:
                    writer.write(_request(path, f"{host}:{port}", request.get("httpHeaders", ())))
                    line = await reader.readline()
                finally:
                    writer.close()
        except TimeoutError:
            return f"{url}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            return f"{url}: dial tcp {host}:{port}: connect: {_reason(error)}"
        words = line.split()
        if len(words) < 2 or not words[1].isdigit():
            return f"{url}: EOF"
        code = int(words[1])
        return None if 200 <= code < 400 else f"HTTP probe failed with statuscode: {code}"

    async def _connect(
        self, port: int, *, tls: bool = False
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        sock = await self._sandbox.make_socket("tcp")
        try:
            await asyncio.get_running_loop().sock_connect(sock, (self._sandbox.addresses[0], port))
            if not tls:
                return await asyncio.open_connection(sock=sock)
            return await asyncio.open_connection(sock=sock, ssl=_trusting(), server_hostname="")
        except BaseException:
            sock.close()
            raise

    def _port(self, port: int | str) -> int:
        """A port's number; a name is looked up in the container."""
        if isinstance(port, int):
            return port
        named = (p["containerPort"] for p in self._container.spec.get("ports", ()) if p.get("name") == port)
        return next(named, 0)


def _probe(container: Container, name: str) -> Object | None:
    """A probe that can be run here: `grpc` cannot."""
    probe: Object | None = container.spec.get(name)
    return probe if probe is not None and any(handler in probe for handler in HANDLERS) else None


def _trusting() -> ssl.SSLContext:
    """A probe asks whether somebody answers, not who."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _request(path: str, host: str, headers: Any) -> bytes:
    sent = {"Host": host, "User-Agent": "kube-probe/1.36", "Accept": "*/*", "Connection": "close"}
    sent |= {header["name"]: header.get("value", "") for header in headers}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
    return "\r\n".join(lines).encode()


def _read(descriptor: int) -> str:
    """All that a command writes, up to a limit; closes the descriptor."""
    text = b""
    with suppress(OSError), os.fdopen(descriptor, "rb") as stream:
        text = stream.read(_LONGEST_OUTPUT)
    return text.decode(errors="replace")


def _reason(error: Exception) -> str:
    """An error as Go writes it: the system's words in small letters."""
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else str(error)
