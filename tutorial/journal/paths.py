"""Where state lives: `$XDG_STATE_HOME/egress-tutorial`, else `~/.local/state/egress-tutorial`.

Called by `tutorial.app`, `tutorial.cli` and the run folders. Every folder made here is private
to the user (0700).
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from tutorial.errors import JournalError

PROGRAM = "egress-tutorial"
_WAY_OUT = "Set XDG_STATE_HOME to a folder that you can write: export XDG_STATE_HOME=/tmp/$USER-state"


def state_home(environment: Mapping[str, str]) -> Path:
    """The program's state folder, made if it is not there.

    An XDG_STATE_HOME that is empty or relative is ignored, as the XDG specification says. Without
    HOME the user's entry in the password database decides.

    Raises:
        JournalError: no such folder can be had.
    """
    given = environment.get("XDG_STATE_HOME", "")
    base = Path(given) if given.startswith("/") else _home(environment) / ".local" / "state"
    return make_private(base / PROGRAM)


def runs_folder(home: Path) -> Path:
    """The folder of all runs, one folder each; `home` is from `state_home`."""
    return make_private(home / "runs")


def sandboxes_folder(home: Path) -> Path:
    """The folder of all sandboxes, one folder each; `home` is from `state_home`."""
    return make_private(home / "sandboxes")


def make_private(folder: Path) -> Path:
    """Make the folder, and what is missing above it, for this user only.

    Raises:
        JournalError: it cannot be made or written: says why and the way out.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise unwritable(folder, error) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise JournalError(f"The folder {folder} cannot be written.", do=_WAY_OUT)
    return folder


def unwritable(path: Path, error: OSError) -> JournalError:
    """The error for a path of the state folder that cannot be written, with the way out."""
    return JournalError(f"{path} cannot be written.", why=error.strerror or str(error), do=_WAY_OUT)


def _home(environment: Mapping[str, str]) -> Path:
    given = environment.get("HOME", "")
    if given.startswith("/"):
        return Path(given)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise JournalError(
            "There is no place for the run's state.",
            why="HOME is not set, and this user has no entry in the password database.",
            do=_WAY_OUT,
        ) from None
