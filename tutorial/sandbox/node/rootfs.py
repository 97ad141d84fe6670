"""A pod's root: a small tmpfs over read-only binds of the host's programs, and nothing else of it.

Called by `pod` in the pod's pid 1, inside its new mount namespace. No home, no /run, no /var of
the host is in it. What /etc holds is given by the caller (`files`, `mounts`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tutorial.sandbox.node import syscalls
from tutorial.sandbox.node.syscalls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_REC

_STAGE = "/sys"
"""Where the root is put together: there on every Linux, and not the source of any bind."""

_PROGRAM_FOLDERS = ("usr", "opt", "nix", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
_HOST_SETTINGS = (
    "etc/alternatives",
    "etc/ld.so.cache",
    "etc/ld.so.conf",
    "etc/ld.so.conf.d",
    "etc/terminfo",
    "etc/protocols",
    "etc/services",
)
_EMPTY_FOLDERS = ("etc", "proc", "sys", "root", "run", "var/tmp", "var/log", "mnt", "home")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
_HIGHEST_PID = "1024"
_READ_ONLY_PROC = ("sys", "sysrq-trigger", "irq", "bus", "fs")
_HIDDEN_PROC = ("kcore", "keys", "kmsg", "timer_list", "sched_debug")


@dataclass(frozen=True)
class Mount:
    """A host file or folder seen at `target` in the pod."""

    source: str
    target: str
    read_only: bool = True


@dataclass(frozen=True)
class RootPlan:
    """What a pod's root holds beside the programs: texts by absolute path (a path that ends in `/`
    is an empty folder), links by absolute path, and binds. `megabytes` bounds everything that is
    written into it."""

    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[Mount] = ()
    megabytes: int = 256


def enter_root(plan: RootPlan) -> None:
    """Make the planned root this mount namespace's root. Raises OSError."""
    syscalls.mount("none", "/", flags=MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("tmpfs", _STAGE, "tmpfs", options=f"size={plan.megabytes}m,nr_inodes=64k,mode=755")
    for folder in _EMPTY_FOLDERS:
        _inside(folder).mkdir(parents=True)
    for name in ("tmp", "var/tmp"):
        _inside(name).mkdir(exist_ok=True)
        _inside(name).chmod(0o1777)
    for name in (*_PROGRAM_FOLDERS, *_HOST_SETTINGS):
        _show_host_path(name)
    _make_devices()
    _mount_proc()
    for path, text in plan.files.items():
        _write(path, text)
    for path, destination in plan.links.items():
        _inside(path).parent.mkdir(parents=True, exist_ok=True)
        _inside(path).symlink_to(destination)
    for entry in plan.mounts:
        _bind(entry.source, entry.target, read_only=entry.read_only)
    _pivot()


def _inside(path: str) -> Path:
    return Path(_STAGE, path.lstrip("/"))


def _write(path: str, text: str) -> None:
    target = _inside(path)
    if path.endswith("/"):
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, errors="surrogateescape")


def _show_host_path(name: str) -> None:
    """The same link, or a read-only bind, of a host path that exists."""
    source = Path("/", name)
    if source.is_symlink():
        _inside(name).symlink_to(source.readlink())
    elif source.exists():
        _bind(str(source), name, read_only=True)


def _bind(source: str, path: str, *, read_only: bool) -> None:
    target = _inside(path)
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    syscalls.mount(source, str(target), flags=MS_BIND | MS_REC)
    if read_only:
        syscalls.make_read_only(str(target))


def _make_devices() -> None:
    devices = _inside("dev")
    devices.mkdir()
    syscalls.mount("tmpfs", str(devices), "tmpfs", MS_NOSUID | MS_NOEXEC, "size=64k,mode=755")
    for name in _DEVICES:
        _bind(f"/dev/{name}", f"dev/{name}", read_only=False)
    for name, destination in _DEVICE_LINKS.items():
        (devices / name).symlink_to(destination)
    (devices / "pts").mkdir()
    syscalls.mount(
        "devpts", str(devices / "pts"), "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620"
    )
    (devices / "shm").mkdir()
    syscalls.mount(
        "tmpfs", str(devices / "shm"), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64m,mode=1777"
    )


def _mount_proc() -> None:
    """The pod's own /proc, without what would reach the host's kernel. Where the kernel refuses a
    new one (the present one is partly masked, as in a container), the present one."""
    target = _inside("proc")
    try:
        syscalls.mount("proc", str(target), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        _bound_processes(target)
    except PermissionError:
        syscalls.mount("/proc", str(target), flags=MS_BIND | MS_REC)
    for name in _READ_ONLY_PROC:
        path = target / name
        if path.exists():
            syscalls.mount(str(path), str(path), flags=MS_BIND | MS_REC)
            syscalls.make_read_only(str(path))
    for name in _HIDDEN_PROC:
        path = target / name
        if path.exists():
            syscalls.mount("/dev/null", str(path), flags=MS_BIND)


def _bound_processes(proc: Path) -> None:
    """Bound the pod's processes by the highest pid, which is the pid namespace's own setting since
    Linux 6.14 (before, it is the machine's, and is left alone). Root is under no other bound."""
    major, minor = (int(part) for part in os.uname().release.split(".")[:2])
    if (major, minor) >= (6, 14):
        with suppress(OSError):
            (proc / "sys/kernel/pid_max").write_text(_HIGHEST_PID)


def _pivot() -> None:
    old = _inside(".old")
    old.mkdir()
    syscalls.pivot_root(_STAGE, str(old))
    os.chdir("/")
    syscalls.unmount("/.old")
    with suppress(OSError):
        Path("/.old").rmdir()
