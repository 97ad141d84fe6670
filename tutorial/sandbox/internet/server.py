"""The process behind the internet's sockets: httpbin and Wikipedia's stand-in, with and without TLS.

Started by `service` as `python -m tutorial.sandbox.internet.server PLAN`, where PLAN is a
`ServerPlan` as JSON. A process of its own, because httpbin takes a third of a second to import;
connections wait in the sockets' backlog meanwhile. It ends when the lifeline's other end closes.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import socket
import ssl
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

SERVER_NAME = "egress-tutorial-sandbox"

_PR_SET_PDEATHSIG = 1
_THREADS = 16
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class SitePlan:
    """Descriptors of one site: listening sockets for HTTP and for HTTPS, and a file with its
    certificate and key."""

    http: tuple[int, ...]
    https: tuple[int, ...]
    certificate: int


@dataclass(frozen=True)
class ServerPlan:
    """What the process serves. `lifeline` is a descriptor whose other end its parent holds,
    `folder` one of a private folder for its own sockets."""

    lifeline: int
    folder: int
    httpbin: SitePlan
    wikipedia: SitePlan

    @classmethod
    def from_json(cls, text: str) -> ServerPlan:
        """The inverse of `json.dumps(dataclasses.asdict(plan))`."""
        fields = json.loads(text)
        return cls(
            fields["lifeline"],
            fields["folder"],
            SitePlan(**fields["httpbin"]),
            SitePlan(**fields["wikipedia"]),
        )

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All descriptors that the process inherits."""
        sites = [(*site.http, *site.https, site.certificate) for site in (self.httpbin, self.wikipedia)]
        return (self.lifeline, self.folder, *sites[0], *sites[1])


def main() -> None:
    """Serve until the lifeline closes."""
    plan = ServerPlan.from_json(sys.argv[1])
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_end_with, args=(socket.socket(fileno=plan.lifeline),), daemon=True).start()

    from httpbin import app

    from tutorial.sandbox.internet.wikipedia import application

    requests: dict[int, Any] = {}
    relays = []
    for name, site, served in (("httpbin", plan.httpbin, app), ("wikipedia", plan.wikipedia, application)):
        _serve(served, [socket.socket(fileno=number) for number in site.http], requests, "http")
        path = f"/proc/self/fd/{plan.folder}/{name}.sock"
        _serve(served, [_listen_locally(path)], requests, "https")
        relays.append((site, _context(site.certificate), path))
    threading.Thread(target=asyncio.run, args=(_relay_all(relays),), daemon=True).start()

    from waitress import wasyncore

    wasyncore.loop(map=requests, use_poll=True)


def _serve(application: Any, listeners: list[socket.socket], requests: dict[int, Any], scheme: str) -> None:
    """Add a site to the loop over `requests`: HTTP/1.1 with keep-alive."""
    import waitress

    waitress.create_server(
        application,
        map=requests,
        sockets=listeners,
        threads=_THREADS,
        ident=SERVER_NAME,
        url_scheme=scheme,
        # Nothing of a request may be hidden from the learner.
        clear_untrusted_proxy_headers=False,
    )


def _listen_locally(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    return listener


async def _relay_all(relays: list[tuple[SitePlan, ssl.SSLContext, str]]) -> None:
    """Take TLS off at every HTTPS socket and hand the rest to the site's own server."""
    servers = []
    for site, context, path in relays:
        for number in site.https:

            async def relay(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str = path
            ) -> None:
                await _relay(reader, writer, path)

            servers.append(await asyncio.start_server(relay, sock=socket.socket(fileno=number), ssl=context))
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> None:
    site_reader, site_writer = await asyncio.open_unix_connection(path)
    answering = asyncio.create_task(_pump(site_reader, writer))
    await _pump(reader, site_writer)
    await answering


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass everything on, then close the other side; a broken connection ends both."""
    with suppress(OSError, ssl.SSLError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    writer.close()


def _context(certificate: int) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"/proc/self/fd/{certificate}")
    context.set_alpn_protocols(["http/1.1"])
    os.close(certificate)
    return context


def _end_with(lifeline: socket.socket) -> None:
    lifeline.recv(1)
    os._exit(0)


if __name__ == "__main__":
    main()
