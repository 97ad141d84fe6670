"""Sessions that are attached to a container's own program."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from sandbox.node.cluster_for_tests import Cluster, collect, container, is_ready, read_all, state

from tutorial.sandbox.node.attach import AttachedSession
from tutorial.sandbox.ports import Object
from tutorial.sandbox.status import ApiError

pytestmark = pytest.mark.sandbox


async def _run(cluster: Cluster, *command: str, **more: bool) -> Object:
    cluster.create("box", container("box", *command, **more), restartPolicy="Never")
    return await cluster.wait_for("box", lambda p: "running" in state(p))


async def _log(cluster: Cluster, pod: Object) -> bytes:
    lines = await cluster.runtime.logs(pod, "box", follow=False, tail=None, timestamps=False)
    return b"".join([line async for line in lines])


async def test_input_ends_with_the_only_client(cluster: Cluster) -> None:
    pod = await _run(cluster, "sh", "-c", "cat; echo end >&2; exit 3", stdin=True, stdinOnce=True)
    session = await cluster.runtime.attach(pod, "box", stdin=True)
    assert session.stdin is not None
    os.write(session.stdin, b"typed\n")
    output = await asyncio.wait_for(collect(_closing_stdin(session)), 5)
    assert (output.code, output.stdout, output.stderr) == (3, "typed\n", "end\n")
    log = await _log(cluster, pod)
    assert sorted(log.splitlines()) == [b"end", b"typed"], "two pipes have no order between them"


def _closing_stdin(session: AttachedSession) -> AttachedSession:
    assert session.stdin is not None
    os.close(session.stdin)
    session.stdin = None
    return session


async def test_input_outlives_a_client_where_it_may_come_back(cluster: Cluster) -> None:
    pod = await _run(cluster, "cat", stdin=True)
    for word in (b"first\n", b"second\n"):
        session = await cluster.runtime.attach(pod, "box", stdin=True)
        assert session.stdin is not None
        os.write(session.stdin, word)
        os.close(session.stdin)
        assert await asyncio.to_thread(os.read, session.stdout, 100) == word
        for descriptor in (session.stdout, session.stderr):
            assert descriptor is not None
            os.close(descriptor)
    assert "running" in state(cluster.pod("box"))


async def test_two_clients_see_the_same_and_the_log_keeps_it(cluster: Cluster) -> None:
    pod = await _run(cluster, "sh", "-c", "read go; echo out; echo err >&2", stdin=True)
    watcher = await cluster.runtime.attach(pod, "box", stdin=False)
    typist = await cluster.runtime.attach(pod, "box", stdin=True)
    assert watcher.stdin is None
    assert typist.stdin is not None
    os.write(typist.stdin, b"go\n")
    for output in (await collect(watcher), await collect(typist)):
        assert (output.code, output.stdout, output.stderr) == (0, "out\n", "err\n")
    assert sorted((await _log(cluster, pod)).splitlines()) == [b"err", b"out"]


async def test_a_client_that_goes_does_not_stop_the_program(cluster: Cluster) -> None:
    pod = await _run(cluster, "sh", "-c", "read go; head -c 300000 /dev/zero; echo end >&2", stdin=True)
    gone = await cluster.runtime.attach(pod, "box", stdin=True)
    assert gone.stdin is not None and gone.stderr is not None
    os.close(gone.stdout)
    os.write(gone.stdin, b"go\n")
    os.close(gone.stdin)
    assert await asyncio.to_thread(read_all, gone.stderr) == "end\n"
    assert await asyncio.wait_for(gone.wait(), 5) == 0


async def test_a_terminal_of_the_container(cluster: Cluster) -> None:
    pod = await _run(cluster, "sh", "-c", "read go; stty size; echo $TERM", stdin=True, tty=True)
    session = await cluster.runtime.attach(pod, "box", stdin=True)
    assert session.stderr is None
    assert session.stdin is not None
    session.resize(91, 17)
    os.write(session.stdin, b"go\n")
    output = await asyncio.wait_for(collect(session), 5)
    assert output.stdout.split() == ["go", "17", "91", "xterm"]


async def test_a_container_that_has_ended(cluster: Cluster) -> None:
    cluster.create("box", container("box", "true"), restartPolicy="Never")
    pod = await cluster.wait_for("box", lambda p: "terminated" in state(p))
    with pytest.raises(ApiError, match='container not found \\("box"\\)'):
        await cluster.runtime.attach(pod, "box", stdin=False)


async def test_a_deleted_pod_ends_its_sessions(cluster: Cluster) -> None:
    cluster.create("box", container("box", "cat", stdin=True), terminationGracePeriodSeconds=0)
    pod = await cluster.wait_for("box", is_ready)
    session = await cluster.runtime.attach(pod, "box", stdin=True)
    await cluster.kubelet.stop()
    assert (await asyncio.wait_for(collect(session), 5)).code == 137


async def test_clients_that_go_leave_no_descriptor(cluster: Cluster) -> None:
    pod = await _run(cluster, "sleep", "infinity")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        session = await cluster.runtime.attach(pod, "box", stdin=True)
        assert session.stderr is not None
        session.kill()
        os.close(session.stdout)
        os.close(session.stderr)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


async def test_a_client_that_does_not_read_and_goes_frees_the_program(cluster: Cluster) -> None:
    pod = await _run(cluster, "sh", "-c", "read go; head -c 300000 /dev/zero; echo end >&2", stdin=True)
    slow = await cluster.runtime.attach(pod, "box", stdin=True)
    assert slow.stdin is not None and slow.stderr is not None
    os.write(slow.stdin, b"go\n")
    await asyncio.sleep(0.3)
    assert "running" in state(cluster.pod("box"))
    slow.kill()
    os.close(slow.stdout)
    assert await asyncio.wait_for(slow.wait(), 5) == 0
    os.close(slow.stdin)
    os.close(slow.stderr)
