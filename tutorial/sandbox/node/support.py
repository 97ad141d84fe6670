"""What this machine can do for a sandbox: tried for real, in a node and a pod that end at once.

Called by `egress-tutorial doctor`, in the main thread. Standard library only.
"""

from __future__ import annotations

import errno
import os
import platform
import select
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from tutorial.sandbox.net import nftables
from tutorial.sandbox.node import channel
from tutorial.sandbox.node.channel import Message
from tutorial.sandbox.node.environment import PATH
from tutorial.sandbox.node.namespaces import NodeProcess, fork_node
from tutorial.sandbox.node.process import Command

_ANSWER_SECONDS = 10.0
_OWN_CLUSTER = "use a cluster of your own: egress-tutorial run --context NAME externalname"
_APPARMOR = "kernel/apparmor_restrict_unprivileged_userns"
_DEBIAN_SWITCH = "kernel/unprivileged_userns_clone"
_LIMIT = "user/max_user_namespaces"


class Check(NamedTuple):
    """One thing that a sandbox needs; `why` and `do` (what to do) are empty when it is there."""

    name: str
    ok: bool
    why: str = ""
    do: str = ""


class _Refused(Exception):
    """A step of the trial failed."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.errno = number


def check_support() -> list[Check]:
    """Try all that a sandbox does, in order; what cannot be tried any more is left out."""
    if sys.platform != "linux":
        why = f"this is {platform.system()}: a sandbox is made of Linux namespaces"
        return [Check("Linux", False, why, f"run it on Linux (a virtual machine will do), or {_OWN_CLUSTER}")]
    checks = [Check("Linux", True), _check_c_library()]
    process = fork_node()
    try:
        checks += _try_node(process)
    finally:
        process.end.close()
        os.waitpid(process.pid, 0)
    return checks


def _check_c_library() -> Check:
    if list(Path("/lib").glob("ld-musl-*")):
        why = "this system's C library is musl, and Envoy comes for glibc only"
        return Check("glibc", False, why, f"run it on Debian, Ubuntu, Fedora or the like, or {_OWN_CLUSTER}")
    return Check("glibc", True)


def _try_node(process: NodeProcess) -> list[Check]:
    try:
        _receive(process)
    except _Refused as refused:
        return [Check("namespaces", False, *explain_refusal(refused.errno, str(refused)))]
    checks = [Check("namespaces", True)]
    checks.append(_try("nftables", lambda: _apply_rules(process), _explain_rules))
    checks.append(_try("pods", lambda: _make_pod(process), _explain_pod))
    if checks[-1].ok:
        checks.append(_check_curl())
    return checks


def _try(name: str, step: Callable[[], object], explain: Callable[[_Refused], tuple[str, str]]) -> Check:
    try:
        step()
    except _Refused as refused:
        return Check(name, False, *explain(refused))
    return Check(name, True)


def _apply_rules(process: NodeProcess) -> None:
    chain = nftables.Chain("try", "nat", nftables.OUTPUT, nftables.PRIORITY_DESTINATION_NAT)
    memory = os.memfd_create("rules")
    os.write(memory, nftables.transaction("try", [chain]))
    try:
        _request(process, "rules", (memory,))
    finally:
        os.close(memory)


def _make_pod(process: NodeProcess) -> None:
    root: Message = {"files": {}, "links": {}, "mounts": []}
    _, (end,) = _request(process, "create_pod", hostname="try", addresses=["10.244.0.2"], root=root)
    pod = NodeProcess(process.pid, socket.socket(fileno=end))
    with pod.end:
        command = {k: v for k, v in asdict(Command(["true"], {"PATH": PATH})).items() if k != "program"}
        _, ends = _request(pod, "start", command=command)
        for descriptor in ends:
            os.close(descriptor)


def _check_curl() -> Check:
    if any(os.access(Path(folder, "curl"), os.X_OK) for folder in PATH.split(":")):
        return Check("curl", True)
    why = "there is no curl in the folders that pods see (/usr and its like)"
    return Check("curl", False, why, "install it: sudo apt install curl, or your system's equivalent")


def _request(
    process: NodeProcess, do: str, descriptors: tuple[int, ...] = (), **fields: Any
) -> tuple[Message, list[int]]:
    try:
        channel.send(process.end, {"id": 1, "do": do, **fields}, descriptors)
    except OSError as error:
        raise _Refused(errno.EPIPE, "the node ended") from error
    return _receive(process)


def _receive(process: NodeProcess) -> tuple[Message, list[int]]:
    """The next message. Raises _Refused when it tells of an error, or does not come."""
    readable, _, _ = select.select([process.end], [], [], _ANSWER_SECONDS)
    received = channel.receive(process.end) if readable else None
    if received is None:
        raise _Refused(errno.ETIMEDOUT, "the trial's process ended, or did not answer")
    if "error" in received[0]:
        raise _Refused(received[0]["errno"], received[0]["error"])
    return received


def explain_refusal(number: int, message: str) -> tuple[str, str]:
    """Why the kernel refused private namespaces, and what to do about it: `errno` and the machine's
    settings tell the cases apart."""
    root = "or run this as root"
    if number == errno.ENOSPC or _setting(_LIMIT) == "0":
        return (
            "this machine allows no user namespaces (user.max_user_namespaces)",
            f"sudo sysctl -w user.max_user_namespaces=15000, {root}, or {_OWN_CLUSTER}",
        )
    if number not in (errno.EPERM, errno.EACCES, errno.EROFS):
        return message, _OWN_CLUSTER
    if os.geteuid() != 0 and _setting(_APPARMOR) == "1":
        return (
            "AppArmor keeps ordinary users' programs from using user namespaces (Ubuntu 23.10 and later)",
            f"sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, {root}",
        )
    if os.geteuid() != 0 and _setting(_DEBIAN_SWITCH) == "0":
        return (
            "user namespaces are off for ordinary users (kernel.unprivileged_userns_clone)",
            f"sudo sysctl -w kernel.unprivileged_userns_clone=1, {root}",
        )
    if _in_container():
        return (
            f"this is a container that may not make namespaces ({message})",
            f"start the container with --privileged, run this outside it, or {_OWN_CLUSTER}",
        )
    return f"the kernel does not permit it: {message}", f"run this as root, or {_OWN_CLUSTER}"


def _explain_rules(refused: _Refused) -> tuple[str, str]:
    if refused.errno in (errno.EPROTONOSUPPORT, errno.ENOENT, errno.EOPNOTSUPP):
        return (
            "the kernel has no nf_tables NAT",
            "sudo modprobe -a nf_tables nft_chain_nat nft_redir nft_numgen",
        )
    return f"nftables rules are refused: {refused}", _OWN_CLUSTER


def _explain_pod(refused: _Refused) -> tuple[str, str]:
    if refused.errno in (errno.EPERM, errno.EACCES, errno.EROFS):
        return explain_refusal(refused.errno, str(refused))
    if refused.errno == errno.EOPNOTSUPP:
        return f"the kernel has no veth links: {refused}", "sudo modprobe veth"
    return f"a pod cannot be made: {refused}", _OWN_CLUSTER


def _setting(name: str) -> str:
    with suppress(OSError):
        return Path("/proc/sys", name).read_text().strip()
    return ""


def _in_container() -> bool:
    return Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()
