"""Forks the process that becomes the node: private namespaces, dead when the supervisor is.

`fork_node` is called by `tutorial.sandbox.supervisor` first of all: in the main thread (the
kernel's death signal is tied to the forking thread), before heavy imports, threads and event
loops. Standard library only.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import socket
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tutorial.sandbox.node import channel, syscalls
from tutorial.sandbox.node.nodeagent import NodeAgent, prepare_node

_PRIVATE = (
    syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWNET
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWIPC
)


@dataclass(frozen=True)
class NodeProcess:
    """The node as its parent sees it: give `end` to `NodeClient`; closing it ends the node, and
    `pid` is then to be waited for."""

    pid: int
    end: socket.socket


def fork_node(diagnostics: int | None = None) -> NodeProcess:
    """Start the node in namespaces of its own, as root or as an ordinary user.

    Never fails itself: what went wrong in the child is the first message on the channel
    (`NodeClient.start` raises it).

    Args:
        diagnostics: a descriptor that the node may write its own faults to.
    """
    ours, theirs = channel.pair()
    supervisor = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_outer(theirs, supervisor, diagnostics)
    theirs.close()
    return NodeProcess(pid, ours)


def _become_outer(end: socket.socket, supervisor: int, diagnostics: int | None) -> NoReturn:
    """The parent of the node, in the supervisor's own pid namespace: it only waits."""
    try:
        detach_from_parent(keep=(end.fileno(),), diagnostics=diagnostics)
        enter_private_namespaces()
        syscalls.die_with_parent(signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            _become_node(end)
        end.close()
        os.waitpid(pid, 0)
        os._exit(0)
    except OSError as error:
        report_failure(end, error)
    finally:
        os._exit(1)


def _become_node(end: socket.socket) -> NoReturn:
    """Pid 1 of the private namespaces."""
    try:
        syscalls.die_with_parent(signal.SIGKILL)
        prepare_node()
        agent = NodeAgent(end)
        agent.send_event(event="ready")
        agent.serve()
        os._exit(0)
    except OSError as error:
        report_failure(end, error)
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(1)


def report_failure(end: socket.socket, error: OSError) -> None:
    """Tell the supervisor why there is no node."""
    channel.send(end, {"event": "failed", "errno": error.errno or 0, "error": str(error)})


def detach_from_parent(keep: tuple[int, ...], diagnostics: int | None) -> None:
    """Leave the terminal's session, its signals and every descriptor but `keep`.

    What the parent had not collected yet must not be collected here: a file or socket among it
    would close a descriptor by its number, which is another's by then.
    """
    gc.freeze()
    os.setsid()
    os.umask(0o022)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(nothing if diagnostics is None else diagnostics, 2)
    first = 3
    for descriptor in sorted(keep):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def enter_private_namespaces() -> None:
    """Leave the user's mount, network, pid, host name and IPC namespaces; the next child is pid 1.

    An ordinary user, or a root that may not do it (a container's), first becomes root of a user
    namespace of its own that maps only itself. Raises OSError: ENOSPC when user namespaces are
    limited to none, EPERM when they are forbidden.
    """
    if os.geteuid() == 0:
        try:
            syscalls.unshare(_PRIVATE)
            return
        except PermissionError:
            pass
    user, group = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    syscalls.own_proc_files()
    _write_map("setgroups", "deny")
    _write_map("uid_map", f"0 {user} 1")
    _write_map("gid_map", f"0 {group} 1")
    syscalls.unshare(_PRIVATE)


def _write_map(name: str, text: str) -> None:
    try:
        Path("/proc/self", name).write_text(text)
    except FileNotFoundError as error:
        raise OSError(errno.ENOSYS, f"no /proc/self/{name}: user namespaces are not built in") from error
