"""Measures what distance costs: a cluster behind a line on which every answer takes a round trip.

    .venv/bin/python benchmarks/distance.py [--milliseconds N] [--runs N]

A kept sandbox is reached through a relay that holds back all bytes, connecting included, for half of the
round trip in each direction. Each figure is also given in round trips, which is what to compare.
Nothing here is asserted: machines differ.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from figures import Machine

from tutorial.backends.cluster import ApiCluster
from tutorial.backends.kubeconfig import load_kubeconfig
from tutorial.backends.rest import RestClient

NAMESPACE = """\
title: Create a namespace
command: kubectl create namespace far-away
creates: [namespace/far-away]
"""
OBJECTS = """\
title: Create three objects
command: for name in a b c; do kubectl create configmap far-$name; done
creates: [configmap/far-a@default, configmap/far-b@default, configmap/far-c@default]
"""
HEADING = "title: Far\nrequires: cluster\nvariables: {NAMESPACE: default, PLAIN_NAMESPACE: far-away}\n"


class Relay:
    """Hands on what comes on its port to `target`, each piece later by half of the `round_trip` (seconds)."""

    def __init__(self, target: tuple[str, int], round_trip: float) -> None:
        self._target = target
        self._half = round_trip / 2
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * self._half)
        there = await asyncio.open_connection(*self._target)
        await asyncio.gather(self._copy(reader, there[1]), self._copy(there[0], writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sending = asyncio.create_task(self._send(pieces, writer))
        data = b"-"
        while data:
            data = b""
            with suppress(OSError):
                data = await reader.read(65536)
            pieces.put_nowait((time.monotonic() + self._half, data))
        await sending

    async def _send(self, pieces: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while (piece := await pieces.get())[1]:
                await asyncio.sleep(max(0.0, piece[0] - time.monotonic()))
                writer.write(piece[1])
                await writer.drain()
        writer.close()


@contextmanager
def far_kubeconfig(near: Path, folder: Path, round_trip: float) -> Iterator[Path]:
    """A kubeconfig by which the cluster of the `near` one is reached through a relay."""
    config = json.loads(near.read_text())
    cluster = config["clusters"][0]["cluster"]
    address = urlsplit(cluster["server"])
    relay = Relay((address.hostname or "", address.port or 443), round_trip)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(relay.serve(), loop).result()
    cluster["server"] = f"https://127.0.0.1:{relay.port}"
    path = folder / "far"
    path.write_text(json.dumps(config))
    yield path
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure_looks(kubeconfig: Path, runs: int) -> dict[str, list[float]]:
    client = RestClient(load_kubeconfig([kubeconfig]).access(), os.environ)
    cluster = ApiCluster(client, "default")
    cluster.namespace_contents("default")
    found = [seconds(lambda: cluster.namespace_contents("default")) for _ in range(runs)]
    client.close()
    return {"all that is in a namespace": found}


def measure_program(machine: Machine, kubeconfig: Path, lesson: Path, runs: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    how = ("--auto", "--trust", "--kubeconfig", str(kubeconfig), "-o", "jsonl")
    for _ in range(runs):
        doctor = ("doctor", "externalname", "--kubeconfig", str(kubeconfig), "-o", "json")
        found.setdefault("doctor", []).append(seconds(lambda words=doctor: machine.run(*words)))
        began = time.time()
        events = [json.loads(line) for line in machine.run("run", str(lesson), *how).splitlines()]
        times = {event["event"]: event["time"] for event in events}
        found.setdefault("run, to its first step", []).append(times["RunStarted"] - began)
        found.setdefault("rollback of a namespace and 3 objects", []).append(
            times["RollbackEnded"] - times["RollbackStarted"]
        )
    return found


def measure(milliseconds: int, runs: int, folder: Path) -> None:
    machine = Machine(folder)
    machine.run("sandbox", "up")
    lesson = folder / "far-lesson"
    lesson.mkdir()
    (lesson / "tutorial.yaml").write_text(HEADING)
    (lesson / "1-namespace.yaml").write_text(NAMESPACE)
    (lesson / "2-objects.yaml").write_text(OBJECTS)
    with far_kubeconfig(machine.sandbox / "kubeconfig", folder, milliseconds / 1000) as kubeconfig:
        found = measure_looks(kubeconfig, runs) | measure_program(machine, kubeconfig, lesson, runs)
    machine.run("sandbox", "down")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, "
        f"Python {platform.python_version()}; {milliseconds} ms a round trip; medians of {runs}\n"
    )
    for name, times in found.items():
        middle = statistics.median(times)
        print(f"{name:<40}{middle:6.2f} s   {middle * 1000 / milliseconds:6.1f} round trips")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--milliseconds", type=int, default=150)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measure(given.milliseconds, given.runs, Path(scratch))
