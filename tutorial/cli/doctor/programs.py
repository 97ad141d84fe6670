"""Checks of programs: each is started, not only looked for. Called by `tutorial.cli.doctor.checks`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tutorial.preflight.finding import Finding

_SECONDS = 10.0
_VERSION = re.compile(r"(?<![\w.])v?\d+\.\d+\.\d+")
_REINSTALL = "Install the program again: pip install --force-reinstall egress-tutorial"


def check_bash(path: str) -> Finding:
    """Runs the steps' commands."""
    return _check("bash", ["bash", "--version"], path, "Install it: sudo apt-get install bash")


def check_kubectl(path: str) -> Finding:
    """The documented commands are kubectl's; one comes with the program."""
    return _check("kubectl", ["kubectl", "version", "--client"], path, _REINSTALL)


def check_envoy(path: str) -> Finding:
    """The sidecar; it comes with the program."""
    return _check("Envoy", ["envoy", "--version"], path, _REINSTALL)


def search_path(variables: Mapping[str, str]) -> str:
    """Where programs are looked for: the user's PATH, then the folder of this Python."""
    return f"{variables.get('PATH', os.defpath)}{os.pathsep}{Path(sys.executable).parent}"


def _check(name: str, command: list[str], path: str, do: str) -> Finding:
    """Start `command`, and tell its version and where it is."""
    program = shutil.which(command[0], path=path)
    if program is None:
        return Finding(name, "fail", "it was not found", do)
    try:
        done = subprocess.run(
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finding(name, "unknown", f"{program} did not answer within {_SECONDS:.0f} s", do)
    except OSError as error:
        return Finding(name, "fail", f"{program} does not start: {error.strerror}", do)
    if done.returncode != 0:
        return Finding(
            name, "fail", f"{program} ended with {done.returncode}: {done.stderr.strip()[:200]}", do
        )
    version = _VERSION.search(done.stdout)
    if version is None:
        return Finding(name, "unknown", f"{program} starts, but does not tell its version", do)
    return Finding(name, "pass", f"{version.group()} at {program}")
