"""All checks of `doctor`, in the order in which they are shown. Called by its command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tutorial.cli.doctor import kernel, places, programs
from tutorial.preflight.finding import Finding


def find_all(variables: Mapping[str, str]) -> Iterator[Finding]:
    """Every finding, as it is made. `variables` is the user's environment."""
    path = programs.search_path(variables)
    yield kernel.check_system()
    yield kernel.check_libc()
    yield kernel.check_windows_subsystem()
    yield kernel.check_container()
    yield from kernel.check_sandbox_support()
    yield kernel.check_apparmor()
    yield programs.check_bash(path)
    yield programs.check_kubectl(path)
    yield programs.check_envoy(path)
    yield places.check_state_folder(variables)
    yield places.check_loopback()
