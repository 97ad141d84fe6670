"""A small HTTP proxy on loopback for the tests: tunnels (CONNECT), and plain requests by their whole URL.

Whatever is asked for, it leads to the one address that it was made for.
"""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class ConnectProxy:
    """`seen` is the first line and the lines of headers of each request; with `wanted` only those that have
    this line of a header are served."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.seen: list[list[str]] = []
        self.wanted = ""
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        return [lines[0].split()[1] for lines in self.seen]

    def serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            received = client.recv(65536)
            if not received:
                return
            head += received
        lines = head.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        self.seen.append(lines)
        if self.wanted and self.wanted not in lines:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(self.target, timeout=10) as server:
            if lines[0].startswith("CONNECT "):
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                server.sendall(head)
            back = threading.Thread(target=_pump, args=(server, client))
            back.start()
            _pump(client, server)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxying(host: str, port: int) -> Iterator[ConnectProxy]:
    """A proxy before that address."""
    proxy = ConnectProxy((host, port))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            proxy.serve(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
