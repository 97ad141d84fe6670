"""Starts one program in a pod: pipes or a terminal, bounds, capabilities, the right signals.

Called by `pod.PodAgent`, inside the pod's namespaces. The child shares nothing with the agent
but what it is given: its environment, its three descriptors, its folder.
"""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import struct
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tutorial.sandbox.node import syscalls

CAP_NET_ADMIN = 12
_DEFAULT_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31})
"""What container runtimes give: CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID,
SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, AUDIT_WRITE, SETFCAP. Not MKNOD: no pod makes a
device of the host's."""

_BOUNDS = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_NPROC, 4096),
)
_OUT_OF_MEMORY_SCORE = "500"
"""A pod that eats the machine's memory is ended before the supervisor is."""


@dataclass(frozen=True)
class Command:
    """What to run. `program` is an open descriptor to execute instead of a path; `data_bytes`
    bounds the memory that the program may write to (RLIMIT_DATA), 0 for no bound."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str = "/"
    stdin: bool = False
    tty: bool = False
    columns: int = 80
    rows: int = 24
    program: int | None = None
    net_admin: bool = False
    data_bytes: int = 0


@dataclass(frozen=True)
class Started:
    """A running program and the caller's ends of its descriptors: `[stdin] stdout [stderr]`, or
    the one controlling side of its terminal."""

    pid: int
    ends: list[int]


def start(command: Command) -> Started:
    """Run `command`. Raises OSError when it cannot be executed: FileNotFoundError without a
    `strerror` of its own, PermissionError, or the kernel's."""
    path: str | int = _find(command) if command.program is None else command.program
    if command.tty:
        controlling, terminal = os.openpty()
        set_size(controlling, command.columns, command.rows)
        inner, ends = (terminal, terminal, terminal), [controlling]
    else:
        inner, ends = _make_pipes(command.stdin)
    error_read, error_write = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        _become(command, path, inner, error_write)
    os.close(error_write)
    for descriptor in set(inner):
        os.close(descriptor)
    failure = os.read(error_read, 16)
    os.close(error_read)
    if failure:
        for descriptor in ends:
            os.close(descriptor)
        os.waitpid(pid, 0)
        number = int(failure)
        raise OSError(number, os.strerror(number))
    return Started(pid, ends)


def set_size(terminal: int, columns: int, rows: int) -> None:
    """Tell a terminal its size in characters."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _find(command: Command) -> str:
    name = command.argv[0]
    if "/" in name:
        return name
    for folder in command.env.get("PATH", "").split(":"):
        path = Path(folder, name)
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


def _make_pipes(with_stdin: bool) -> tuple[tuple[int, int, int], list[int]]:
    out_read, out_write = os.pipe2(os.O_CLOEXEC)
    error_read, error_write = os.pipe2(os.O_CLOEXEC)
    if with_stdin:
        in_read, in_write = os.pipe2(os.O_CLOEXEC)
        return (in_read, out_write, error_write), [in_write, out_read, error_read]
    nothing = os.open(os.devnull, os.O_RDONLY)
    return (nothing, out_write, error_write), [out_read, error_read]


def _become(command: Command, path: str | int, inner: tuple[int, int, int], report: int) -> NoReturn:
    try:
        os.setsid()
        if command.tty:
            fcntl.ioctl(inner[0], termios.TIOCSCTTY, 0)
        for number, descriptor in enumerate(inner):
            os.dup2(descriptor, number)
        _reset_signals()
        _set_bounds(command.data_bytes)
        os.umask(0o022)
        os.chdir(command.cwd)
        syscalls.keep_capabilities(_DEFAULT_CAPABILITIES | ({CAP_NET_ADMIN} if command.net_admin else set()))
        syscalls.forbid_new_privileges()
        os.execve(path, list(command.argv), dict(command.env))
    except OSError as error:
        os.write(report, str(error.errno or errno.EIO).encode())
    finally:
        os._exit(127)


def _reset_signals() -> None:
    """The interpreter's own choices (an ignored SIGPIPE) are not the program's."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)


def _set_bounds(data_bytes: int) -> None:
    bounds = _BOUNDS if not data_bytes else (*_BOUNDS, (resource.RLIMIT_DATA, data_bytes))
    for which, wanted in bounds:
        _, hard = resource.getrlimit(which)
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(which, (limit, limit))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OUT_OF_MEMORY_SCORE)
