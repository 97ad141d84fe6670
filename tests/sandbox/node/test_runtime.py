"""exec and logs as `kubectl` asks for them."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
from sandbox.node.cluster_for_tests import (
    Cluster,
    collect,
    container,
    container_status,
    is_ready,
    read_all,
    state,
)

from tutorial.sandbox.ports import Object
from tutorial.sandbox.status import ApiError

pytestmark = pytest.mark.sandbox


@pytest.fixture
async def pod(cluster: Cluster) -> Object:
    cluster.create("sleep")
    return await cluster.wait_for("sleep", is_ready)


async def test_exec_keeps_streams_apart_and_gives_the_exit_code(cluster: Cluster, pod: Object) -> None:
    session = await cluster.runtime.exec(
        pod, "sleep", ["sh", "-c", "echo out; echo err >&2; exit 7"], stdin=False, tty=False
    )
    output = await collect(session)
    assert (output.code, output.stdout, output.stderr) == (7, "out\n", "err\n")


async def test_exec_reads_stdin_to_its_end(cluster: Cluster, pod: Object) -> None:
    session = await cluster.runtime.exec(pod, "sleep", ["cat"], stdin=True, tty=False)
    assert session.stdin is not None
    os.write(session.stdin, b"hello")
    os.close(session.stdin)
    session.stdin = None
    assert (await collect(session)).stdout == "hello"


async def test_exec_of_a_missing_program(cluster: Cluster, pod: Object) -> None:
    for tty in (False, True):
        session = await cluster.runtime.exec(pod, "sleep", ["nope"], stdin=tty, tty=tty)
        output = await collect(session)
        assert output.code == 127
        assert (output.stdout + output.stderr).strip() == (
            "OCI runtime exec failed: exec failed: unable to start container process: "
            'exec: "nope": executable file not found in $PATH: unknown'
        )


async def test_a_terminal_has_its_size(cluster: Cluster, pod: Object) -> None:
    script = "tty; stty size; trap 'stty size; exit 4' WINCH; echo waiting; while :; do sleep 0.02; done"
    session = await cluster.runtime.exec(pod, "sleep", ["bash", "-c", script], stdin=True, tty=True)
    assert session.stderr is None
    seen = ""
    while "waiting" not in seen:
        seen += (await asyncio.to_thread(os.read, session.stdout, 4096)).decode()
    assert seen.split() == ["/dev/pts/0", "24", "80", "waiting"]
    session.resize(132, 43)
    output = await asyncio.wait_for(collect(session), 5)
    assert (output.code, output.stdout) == (4, "43 132\r\n")


async def test_ctrl_c_on_a_terminal_interrupts(cluster: Cluster, pod: Object) -> None:
    session = await cluster.runtime.exec(pod, "sleep", ["sleep", "60"], stdin=True, tty=True)
    assert session.stdin is not None
    await asyncio.sleep(0.05)
    os.write(session.stdin, b"\x03")
    assert (await asyncio.wait_for(collect(session), 5)).code == 130


async def test_kill_ends_a_command_and_its_children(cluster: Cluster, pod: Object) -> None:
    session = await cluster.runtime.exec(
        pod, "sleep", ["sh", "-c", "sleep 77 & sleep 78"], stdin=False, tty=False
    )
    await asyncio.sleep(0.05)
    session.kill()
    assert (await asyncio.wait_for(collect(session), 5)).code == 137


async def test_exec_errors_name_the_container(cluster: Cluster, pod: Object) -> None:
    with pytest.raises(ApiError) as unknown:
        await cluster.runtime.exec(pod, "other", ["true"], stdin=False, tty=False)
    assert (unknown.value.code, unknown.value.message) == (400, "container other is not valid for pod sleep")
    cluster.create("web", {"name": "web", "image": "nginx"})
    web = await cluster.wait_for("web", lambda p: p["status"].get("containerStatuses"))
    with pytest.raises(ApiError) as waiting:
        await cluster.runtime.exec(web, "web", ["true"], stdin=False, tty=False)
    assert waiting.value.message.endswith('container not found ("web")')


async def _read(cluster: Cluster, pod: Object, name: str, **options: object) -> bytes:
    asked = {"follow": False, "tail": None, "timestamps": False, **options}
    lines = await cluster.runtime.logs(pod, name, **asked)  # type: ignore[arg-type]  # mixed option types
    return b"".join([line async for line in lines])


async def test_logs_with_tail_timestamps_and_previous(cluster: Cluster) -> None:
    cluster.create("once", container("once", "sh", "-c", "echo one; echo two; printf three; exit 1"))
    pod = await cluster.wait_for("once", lambda p: container_status(p).get("restartCount") == 1)
    await asyncio.sleep(0.05)
    assert await _read(cluster, pod, "once") == b"one\ntwo\nthree"
    assert await _read(cluster, pod, "once", tail=1) == b"three"
    assert await _read(cluster, pod, "once", tail=0) == b""
    assert (await _read(cluster, pod, "once", timestamps=True)).startswith(b"20")
    assert await _read(cluster, pod, "once", previous=True) == b"one\ntwo\nthree"


async def test_logs_follow_until_the_container_ends(cluster: Cluster) -> None:
    script = "for i in 1 2 3; do echo $i; sleep 0.05; done"
    cluster.create("count", container("count", "sh", "-c", script), restartPolicy="Never")
    pod = await cluster.wait_for("count", lambda p: "running" in state(p))
    assert await asyncio.wait_for(_read(cluster, pod, "count", follow=True), 5) == b"1\n2\n3\n"


async def test_logs_are_bounded(cluster: Cluster) -> None:
    cluster.create("noisy", container("noisy", "sh", "-c", "yes | head -c 20000000; sleep infinity"))
    pod = await cluster.wait_for("noisy", is_ready)
    last = -1
    while (size := sum(f.stat().st_size for f in cluster.logs.rglob("*.log*"))) != last:
        last = size
        await asyncio.sleep(0.3)
    assert 1_000_000 < size < 3_000_000
    assert await _read(cluster, pod, "noisy", tail=2) == b"y\ny\n"


async def test_exec_is_quick(cluster: Cluster, pod: Object) -> None:
    """An order of magnitude: the figure itself is measured, not tested."""
    begun = time.monotonic()
    session = await cluster.runtime.exec(pod, "sleep", ["true"], stdin=False, tty=False)
    assert await session.wait() == 0
    assert time.monotonic() - begun < 0.5
    for descriptor in (session.stdout, session.stderr):
        assert descriptor is not None
        assert read_all(descriptor) == ""
