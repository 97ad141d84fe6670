"""Checks of places: the state folder, its space, a port on loopback.

Called by `tutorial.cli.doctor.checks`.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Mapping

from tutorial.errors import JournalError
from tutorial.journal.paths import or_elsewhere, state_home
from tutorial.preflight.finding import Finding

NEEDED_BYTES = 100 * 1024 * 1024
"""Room for a sandbox with its logs."""


def check_state_folder(variables: Mapping[str, str]) -> Finding:
    """Writes a file where runs keep their journals or, where there is no such folder yet, in the one
    that it would be made in."""
    try:
        home = state_home(variables)
        place = next(folder for folder in (home, *home.parents) if folder.exists())
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"doctor")
            file.flush()
        free = shutil.disk_usage(place).free
    except JournalError as error:
        return Finding("state folder", "fail", error.what, error.do)
    except OSError as error:
        trouble = or_elsewhere(JournalError.unwritable(place, error))
        return Finding("state folder", "fail", f"{trouble.what} {trouble.why}", trouble.do)
    if free < NEEDED_BYTES:
        return Finding("state folder", "warn", f"{home}: only {free >> 20} MB are free", "Make some room.")
    return Finding("state folder", "pass", f"{home}: {free >> 20} MB free")


def check_loopback() -> Finding:
    """Listens on a port of 127.0.0.1 and connects to it, as kubectl does to the sandbox."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(2)
            with socket.create_connection(server.getsockname(), timeout=2):
                server.accept()[0].close()
    except OSError as error:
        why = f"no port of 127.0.0.1 can be used: {error.strerror or error}"
        return Finding("loopback", "fail", why, "Bring it up: sudo ip link set lo up")
    return Finding("loopback", "pass", "a port of 127.0.0.1 can be listened on and reached")
