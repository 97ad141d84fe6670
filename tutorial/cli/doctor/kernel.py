"""Checks of the machine below: Linux, libc, namespaces, and what may forbid them.

Called by `tutorial.cli.doctor.checks`. What can be tried is tried.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tutorial.preflight.finding import Finding

if TYPE_CHECKING:
    from tutorial.sandbox.node.support import Check

OTHER_WAY = "Use a real cluster: egress-tutorial run externalname --context NAME"
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_APPARMOR_OFF = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
_TRIED = {
    "namespaces": "a node of network, mount, pid, host name and IPC namespaces was made",
    "nftables": "rules were set in it",
    "pods": "a pod was made in it, and ran a program",
    "curl": "pods see it",
}
"""The sandbox's own checks that are shown here, with what it means that they passed."""


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


def check_sandbox_support() -> list[Finding]:
    """Goes through the sandbox's own first steps: a node, its rules, a pod. Later steps are left
    out when an earlier one failed."""
    if sys.platform != "linux":
        return [Finding("namespaces", "unknown", "can only be tried on Linux", OTHER_WAY)]
    from tutorial.sandbox.node.support import check_support

    try:
        checks = check_support()
    except OSError as error:
        return [Finding("namespaces", "unknown", f"could not be tried: {error}", OTHER_WAY)]
    return [_as_finding(check) for check in checks if check.name in _TRIED]


def _as_finding(check: Check) -> Finding:
    if check.ok:
        return Finding(check.name, "pass", _TRIED[check.name])
    return Finding(check.name, "fail", check.why, check.do)


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


def _read(path: Path) -> str | None:
    """A file of /proc without the line's end, or None when it is not there."""
    try:
        return path.read_text().strip()
    except OSError:
        return None
