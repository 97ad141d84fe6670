"""Checks of the machine below: Linux, libc, namespaces, and what may forbid them.

Called by `tutorial.cli.doctor.checks`. What can be tried is tried.
"""

from __future__ import annotations

import errno
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from tutorial.cli.doctor.finding import Finding

OTHER_WAY = "Use a real cluster: egress-tutorial run externalname --context NAME"
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_APPARMOR_OFF = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
_LIMIT = Path("/proc/sys/user/max_user_namespaces")
_ALLOWED = Path("/proc/sys/kernel/unprivileged_userns_clone")


def check_system() -> Finding:
    """The sandbox needs Linux."""
    system = platform.system()
    if system == "Linux":
        return Finding("Linux", "pass", f"kernel {platform.release()} on {platform.machine()}")
    name = {"Darwin": "macOS"}.get(system, system)
    return Finding("Linux", "fail", f"this is {name}; the sandbox needs Linux's namespaces", OTHER_WAY)


def check_libc() -> Finding:
    """Envoy's wheel needs glibc; there is none for musl."""
    try:
        version = os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        version = None
    if version:
        return Finding("C library", "pass", version)
    if sys.platform == "linux":
        why = "this is not glibc (musl?); there is no Envoy for it"
        return Finding("C library", "fail", why, f"Use Debian, Ubuntu or Fedora. {OTHER_WAY}")
    return Finding("C library", "unknown", "only looked at on Linux", needed=False)


def check_windows_subsystem(release: str | None = None) -> Finding:
    """WSL 2 is a Linux; WSL 1 has no namespaces. `release` is the kernel's own by default."""
    release = platform.release() if release is None else release
    if "microsoft" not in release.lower():
        return Finding("WSL", "pass", "not under WSL", needed=False)
    if "WSL2" in release or "microsoft-standard" in release:
        return Finding("WSL", "pass", "WSL 2, a Linux kernel of its own", needed=False)
    return Finding(
        "WSL", "fail", "WSL 1 has no namespaces", "In PowerShell: wsl --set-version DISTRIBUTION 2"
    )


def check_container(root: Path = Path("/")) -> Finding:
    """Whether this is a container: its runtime may forbid namespaces."""
    marks = {".dockerenv": "Docker", "run/.containerenv": "Podman"}
    for mark, runtime in marks.items():
        if (root / mark).exists():
            return Finding("container", "pass", f"inside {runtime}", needed=False)
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return Finding("container", "pass", "inside a pod of a cluster", needed=False)
    return Finding("container", "pass", "not inside a container, as far as one can see", needed=False)


def check_namespaces(attempt: Callable[[], OSError | None] | None = None) -> Finding:
    """Makes the sandbox's namespaces in a child process and says why when that fails."""
    try:
        error = (attempt or try_namespaces)()
    except ImportError as missing:
        return Finding("namespaces", "unknown", f"could not be tried: {missing}", OTHER_WAY)
    if error is None:
        who = "as root" if os.geteuid() == 0 else "as an ordinary user"
        return Finding("namespaces", "pass", f"user, network, mount and pid namespaces can be made, {who}")
    return Finding("namespaces", "fail", *explain_namespaces(error))


def explain_namespaces(error: OSError) -> tuple[str, str]:
    """Why namespaces cannot be made, and the way out."""
    reason = error.strerror or str(error)
    if _read(_APPARMOR) == "1" and error.errno in (errno.EPERM, errno.EACCES):
        return "Ubuntu's AppArmor keeps ordinary users from it", f"{_APPARMOR_OFF}  (until the next boot)"
    if error.errno == errno.ENOSPC or _read(_LIMIT) == "0":
        return "user namespaces are limited to none here", "sudo sysctl -w user.max_user_namespaces=10000"
    if _read(_ALLOWED) == "0":
        return "this kernel lets only root make them", "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if "not inside" not in check_container().why:
        return (
            f"the container's runtime forbids it ({reason})",
            "Start it with: docker run --privileged, or --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined",
        )
    return f"the kernel refuses ({reason})", OTHER_WAY


def check_apparmor() -> Finding:
    """Ubuntu's restriction of user namespaces (23.10 and later)."""
    value = _read(_APPARMOR)
    if value is None:
        return Finding("AppArmor", "pass", "does not restrict user namespaces", needed=False)
    if value == "0":
        return Finding("AppArmor", "pass", "its restriction of user namespaces is off", needed=False)
    return Finding(
        "AppArmor",
        "warn",
        "restricts the user namespaces of programs without a profile",
        f"If the line `namespaces` failed: {_APPARMOR_OFF}",
        needed=False,
    )


def try_namespaces() -> OSError | None:
    """Go through the sandbox's own first steps in a child process. Returns what stopped them."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _try_in_child(writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode()
    os.waitpid(child, 0)
    if told == "ok":
        return None
    number = int(told) if told.isdecimal() else errno.EIO
    return OSError(number, os.strerror(number))


def _try_in_child(writing: int) -> None:
    """In the child: namespaces, then a node in them; tell `ok` or the errno. Does not return."""
    from tutorial.sandbox.node.namespaces import enter_private_namespaces
    from tutorial.sandbox.node.nodeagent import prepare_node

    try:
        enter_private_namespaces()
        node = os.fork()
        if node == 0:
            prepare_node()
            os.write(writing, b"ok")
            os._exit(0)
        os.waitpid(node, 0)
    except OSError as error:
        os.write(writing, str(error.errno or errno.EIO).encode())
    finally:
        os._exit(0)


def _read(path: Path) -> str | None:
    """A file of /proc without the line's end, or None when it is not there."""
    try:
        return path.read_text().strip()
    except OSError:
        return None
