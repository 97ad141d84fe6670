"""`/metrics`: what the server counted, in Prometheus' text format.

Fed and asked by `tutorial.sandbox.api.server`. Names and labels: kube-apiserver 1.36.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from aiohttp import web

from tutorial.sandbox.api.routes import Target
from tutorial.sandbox.resources import ResourceType

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_CONNECTED = frozenset({"exec", "attach", "portforward"})
_WRITES = {"POST": "POST", "PUT": "PUT", "PATCH": "PATCH"}

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counts answers by what was asked."""

    def __init__(self) -> None:
        self._started = time.time()
        self._requests: Counter[tuple[Target, str, int]] = Counter()

    def count(self, request: web.BaseRequest, target: Target, code: int) -> None:
        """One more answer to a request about a resource."""
        described = Target(target.resource, target.namespace and "", "", target.subresource)
        self._requests[described, _verb(request, target), code] += 1

    def text(self, stored: Sequence[tuple[ResourceType, int]]) -> str:
        """All of it; `stored` is how many objects of each kind there are."""
        return "".join((*self._request_lines(), *_storage_lines(stored), *self._process_lines()))

    def _request_lines(self) -> Iterator[str]:
        yield from _head("apiserver_request_total", "counter", "Answered requests about resources.")
        for (target, verb, code), number in sorted(self._requests.items(), key=str):
            resource = target.resource
            labels = (
                ("code", str(code)),
                ("component", "apiserver"),
                ("group", resource.group),
                ("resource", resource.plural),
                ("scope", "cluster" if target.namespace is None else "namespace"),
                ("subresource", target.subresource),
                ("verb", verb),
                ("version", resource.version),
            )
            yield _line("apiserver_request_total", labels, number)

    def _process_lines(self) -> Iterator[str]:
        yield from _head("process_start_time_seconds", "gauge", "When the process started, in Unix time.")
        yield _line("process_start_time_seconds", (), self._started)
        yield from _head("process_resident_memory_bytes", "gauge", "Resident memory of the process.")
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        yield _line("process_resident_memory_bytes", (), pages * os.sysconf("SC_PAGE_SIZE"))
        yield from _head("process_open_fds", "gauge", "Open file descriptors of the process.")
        yield _line("process_open_fds", (), sum(1 for _ in Path("/proc/self/fd").iterdir()))


def _storage_lines(stored: Sequence[tuple[ResourceType, int]]) -> Iterator[str]:
    yield from _head("apiserver_storage_objects", "gauge", "Stored objects of each kind.")
    for resource, number in stored:
        name = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
        yield _line("apiserver_storage_objects", (("resource", name),), number)


def _verb(request: web.BaseRequest, target: Target) -> str:
    if target.subresource in _CONNECTED:
        return "CONNECT"
    if request.method == "GET":
        if request.query.get("watch") in ("true", "1"):
            return "WATCH"
        return "GET" if target.name else "LIST"
    if request.method == "DELETE":
        return "DELETE" if target.name else "DELETECOLLECTION"
    return _WRITES.get(request.method, "OTHER")


def _head(name: str, kind: str, description: str) -> Iterator[str]:
    yield f"# HELP {name} {description}\n"
    yield f"# TYPE {name} {kind}\n"


def _line(name: str, labels: Labels, value: float) -> str:
    shown = ",".join(f'{label}="{text}"' for label, text in labels)
    return f"{name}{{{shown}}} {value}\n" if shown else f"{name} {value}\n"
