"""Pods as namespaces: what they see, what they cannot touch, whom they reach, how they end."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from sandbox.node.cluster_for_tests import ENV, run

from tutorial.sandbox.node.client import NodeClient, PodSandbox, ProcessSpec
from tutorial.sandbox.node.namespaces import fork_node
from tutorial.sandbox.node.pod_files import PodSettings, system_files
from tutorial.sandbox.node.rootfs import Mount

pytestmark = pytest.mark.sandbox


async def make(node: NodeClient, name: str, *addresses: str) -> PodSandbox:
    files = system_files(name, addresses[0], "default", PodSettings()).files
    return await node.create_sandbox_pod(name, addresses, files=files)


async def test_hosts_programs_cannot_be_written(node: NodeClient) -> None:
    pod = await make(node, "a", "10.244.0.5")
    for folder in ("/usr", "/usr/bin", "/opt"):
        tried = await run(pod, "touch", f"{folder}/written-by-a-pod")
        assert tried.code == 1
        assert "Read-only file system" in tried.stderr
    again = await run(pod, "mount", "-o", "remount,rw", "/usr")
    assert again.code != 0


async def test_nothing_of_the_user_is_visible(node: NodeClient, tmp_path: Path) -> None:
    pod = await make(node, "a", "10.244.0.5")
    assert (await run(pod, "ls", "-A", "/home", "/root", "/run", "/tmp")).stdout.split() == [
        "/home:",
        "/root:",
        "/run:",
        "/tmp:",
    ]
    assert (await run(pod, "ls", str(tmp_path))).code == 2
    assert (await run(pod, "env")).stdout.strip() == f"PATH={ENV['PATH']}"


async def test_host_name_processes_and_users_are_its_own(node: NodeClient) -> None:
    pod = await make(node, "sleep-abc", "10.244.0.5")
    assert (await run(pod, "hostname")).stdout == "sleep-abc\n"
    assert (await run(pod, "id", "-un")).stdout == "root\n"
    processes = (await run(pod, "sh", "-c", "cd /proc && echo [0-9]*")).stdout.split()
    assert processes[0] == "1"
    assert len(processes) <= 3


async def test_kernel_settings_of_the_host_are_out_of_reach(node: NodeClient) -> None:
    pod = await make(node, "a", "10.244.0.5")
    written = await run(pod, "sh", "-c", "echo 0 > /proc/sys/vm/swappiness")
    assert written.code != 0
    made = await run(pod, "mknod", "/tmp/disk", "b", "254", "0")
    assert made.code != 0


async def test_a_fork_bomb_stays_in_its_pod(node: NodeClient) -> None:
    pod = await make(node, "a", "10.244.0.5")
    script = "import os\nn = 0\ntry:\n while n < 1500 and os.fork(): n += 1\nexcept OSError: print(n)\n"
    python = "/usr/bin/python3"
    if not Path(python).exists() or _kernel() < (6, 14):
        pytest.skip("needs python3 in /usr/bin and Linux 6.14")
    ended = await run(pod, python, "-c", script)
    assert 0 < int(ended.stdout.split()[-1]) < 1024
    assert int(Path("/proc/sys/kernel/pid_max").read_text()) > 1024


def _kernel() -> tuple[int, int]:
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int(minor)


async def test_a_program_gets_three_descriptors_and_default_signals(node: NodeClient) -> None:
    pod = await make(node, "a", "10.244.0.5")
    listed = await run(pod, "sh", "-c", "ls /proc/$$/fd; grep SigIgn /proc/$$/status")
    *descriptors, ignored = listed.stdout.splitlines()
    assert descriptors == ["0", "1", "2"]
    assert int(ignored.split()[1], 16) == 0


async def test_pods_reach_each_other_by_address(node: NodeClient) -> None:
    first = await make(node, "a", "10.244.0.5", "203.0.113.7")
    second = await make(node, "b", "10.244.0.6")
    listener = await node.listen("0.0.0.0", 80, "tcp", first.uid)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        peer = writer.get_extra_info("peername")[0]
        writer.write(f"HTTP/1.0 200 OK\r\n\r\nhello {peer}\n".encode())
        writer.close()

    async with await asyncio.start_server(answer, sock=listener):
        for address in ("10.244.0.5", "203.0.113.7"):
            said = await run(second, "curl", "-sS", "--max-time", "3", f"http://{address}/")
            assert said.stdout == "hello 10.244.0.6\n", said.stderr


async def test_the_machines_network_is_not_there(node: NodeClient) -> None:
    pod = await make(node, "a", "10.244.0.5")
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        tried = await run(pod, "curl", "-sS", "--max-time", "3", f"http://127.0.0.1:{port}/")
    assert tried.code == 7


async def test_node_listens_on_an_address_of_its_own(node: NodeClient) -> None:
    pod = await make(node, "a", "10.244.0.5")
    await node.add_address("10.96.0.10")
    datagrams = await node.listen("10.96.0.10", 53, "udp")
    spec = ["bash", "-c", "echo ping > /dev/udp/10.96.0.10/53"]
    assert (await run(pod, *spec)).code == 0
    received = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(datagrams, 100), 3)
    assert received == b"ping\n"
    with pytest.raises(OSError) as taken:
        (await node.listen("10.96.0.11", 53, "udp")).close()
    assert taken.value.errno == errno.EADDRNOTAVAIL
    datagrams.close()


async def test_dial_reaches_the_pods_loopback(node: NodeClient) -> None:
    pod = await make(node, "a", "10.244.0.5")
    listener = await node.listen("127.0.0.1", 8080, "tcp", pod.uid)
    async with await asyncio.start_server(lambda _r, w: (w.write(b"hi"), w.close()), sock=listener):
        reader, writer = await pod.dial(8080)
        assert await reader.read() == b"hi"
        writer.close()
    with pytest.raises(ConnectionRefusedError):
        await pod.dial(8081)


async def test_a_refused_rule_batch_raises_the_kernels_error(node: NodeClient) -> None:
    with pytest.raises(OSError) as refused:
        await node.apply_rules(b"\x14\0\0\0\xff\x0a\x05\0\1\0\0\0\0\0\0\0\2\0\0\0")
    assert refused.value.errno


async def test_files_links_and_mounts(node: NodeClient, tmp_path: Path) -> None:
    (tmp_path / "shown").write_text("from the host")
    pod = await node.create_sandbox_pod(
        "a",
        ["10.244.0.5"],
        files={"/etc/motd": "x" * 300_000, "/data/": ""},
        links={"/etc/link": "motd"},
        mounts=[Mount(str(tmp_path), "/mnt/ro"), Mount(str(tmp_path), "/mnt/rw", read_only=False)],
    )
    assert (await run(pod, "wc", "-c", "/etc/link")).stdout == "300000 /etc/link\n"
    assert (await run(pod, "ls", "-d", "/data")).code == 0
    assert (await run(pod, "cat", "/mnt/ro/shown")).stdout == "from the host"
    assert (await run(pod, "touch", "/mnt/ro/new")).code == 1
    assert (await run(pod, "touch", "/mnt/rw/new")).code == 0
    assert (tmp_path / "new").exists()


async def test_exit_codes_and_signals(node: NodeClient) -> None:
    pod = await make(node, "a", "10.244.0.5")
    assert (await run(pod, "sh", "-c", "exit 7")).code == 7
    assert (await run(pod, "sh", "-c", "kill -TERM $$")).code == 143
    for name, expected in (("nowhere", errno.ENOENT), ("/etc/hosts", errno.EACCES)):
        with pytest.raises(OSError) as failed:
            await pod.start_process(ProcessSpec([name], ENV))
        assert failed.value.errno == expected


async def test_a_program_runs_from_a_descriptor(node: NodeClient, tmp_path: Path) -> None:
    hidden = tmp_path / "program"
    hidden.write_bytes(Path("/bin/sleep").read_bytes())
    hidden.chmod(0o755)
    pod = await make(node, "a", "10.244.0.5")
    descriptor = os.open(hidden, os.O_RDONLY)
    process = await pod.start_process(ProcessSpec(["sleep", "0.01"], ENV, program=descriptor))
    os.close(descriptor)
    assert await process.wait() == 0
    os.close(process.stdout)
    os.close(process.stderr or -1)


async def test_removing_a_pod_ends_its_programs(node: NodeClient) -> None:
    pod = await make(node, "a", "10.244.0.5")
    process = await pod.start_process(ProcessSpec(["sleep", "infinity"], ENV))
    await node.remove_sandbox_pod("a")
    assert await asyncio.wait_for(process.wait(), 3) == 137
    with pytest.raises(BrokenPipeError):
        await pod.start_process(ProcessSpec(["true"], ENV))
    await make(node, "b", "10.244.0.5")
    os.close(process.stdout)
    os.close(process.stderr or -1)


async def test_many_pods_at_once(node: NodeClient) -> None:
    pods = await asyncio.gather(*(make(node, f"p{n}", f"10.244.1.{n}") for n in range(1, 9)))
    said = await asyncio.gather(*(run(pod, "hostname") for pod in pods))
    assert [output.stdout.strip() for output in said] == [f"p{n}" for n in range(1, 9)]


_SUPERVISOR = """
import asyncio, sys
from tutorial.sandbox.node.namespaces import fork_node
process = fork_node(2)
from tutorial.sandbox.node.client import NodeClient, ProcessSpec
async def main():
    node = NodeClient(process.end)
    await node.start()
    pod = await node.create_sandbox_pod("a", ["10.244.0.5"])
    for _ in range(3):
        await pod.start_process(ProcessSpec(["sleep", "4242.4242"], {"PATH": "/bin:/usr/bin"}))
    print(process.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_kill_of_the_supervisor_leaves_nothing() -> None:
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SUPERVISOR, stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    outer = int(await supervisor.stdout.readline())
    family = _descendants(outer)
    assert len(family) >= 6
    supervisor.send_signal(signal.SIGKILL)
    begun = time.monotonic()
    while any(Path("/proc", str(pid)).exists() and not _is_zombie(pid) for pid in family):
        assert time.monotonic() < begun + 2
        await asyncio.sleep(0.002)
    await supervisor.wait()


def _descendants(pid: int) -> list[int]:
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += _descendants(int(child))
    return found


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_a_first_process_may_be_faster_than_the_one_that_forked_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fork = os.fork

    def fork_and_dawdle() -> int:
        pid = fork()
        if pid:
            time.sleep(0.05)
        return pid

    monkeypatch.setattr(os, "fork", fork_and_dawdle)
    process = fork_node()
    client = NodeClient(process.end)
    await client.start()
    pod = await client.create_sandbox_pod("late", ["10.244.0.9"])
    assert pod.pid > 0
    client.close()
    os.waitpid(process.pid, 0)
