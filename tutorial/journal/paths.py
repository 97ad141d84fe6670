"""Where state lives: `$XDG_STATE_HOME/egress-tutorial`, else `~/.local/state/egress-tutorial`.

Called by `tutorial.app`, `tutorial.cli`, the backends and the run folders. What only looks makes
nothing; every folder made here is private to the user (0700).
"""

from __future__ import annotations

import errno
import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from tutorial.errors import JournalError

PROGRAM = "egress-tutorial"
_ELSEWHERE = "XDG_STATE_HOME to another folder: export XDG_STATE_HOME=$(mktemp -d)"


def state_home(environment: Mapping[str, str]) -> Path:
    """Where the program's state folder is, or would be: nothing is made.

    An XDG_STATE_HOME that is empty or relative is ignored, as the XDG specification says. Without
    HOME the user's entry in the password database decides.

    Raises:
        JournalError: there is no such place.
    """
    given = environment.get("XDG_STATE_HOME", "")
    base = Path(given) if given.startswith("/") else _home(environment) / ".local" / "state"
    return base / PROGRAM


def runs_folder(home: Path) -> Path:
    """Where all runs are, one folder each; `home` is from `state_home`."""
    return home / "runs"


def sandboxes_folder(home: Path) -> Path:
    """Where all sandboxes are, one folder each; `home` is from `state_home`."""
    return home / "sandboxes"


def saved_folder(home: Path) -> Path:
    """Where the objects are that forgotten runs did not put back; `home` is from `state_home`."""
    return home / "saved"


def make_in_state_home(folder: Path) -> Path:
    """Make a folder in the state folder, and that one, too; give the folder back.

    Raises:
        JournalError: one of them cannot be made or written.
    """
    try:
        make_private(folder.parent)
        return make_private(folder)
    except JournalError as error:
        raise or_elsewhere(error) from None


def make_private(folder: Path) -> Path:
    """Make the folder, and what is missing above it, for this user only.

    Raises:
        JournalError: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise JournalError.unwritable(folder, error) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise JournalError.unwritable(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    return folder


def or_elsewhere(error: JournalError) -> JournalError:
    """The error of something new that cannot be written, which can be had elsewhere as well."""
    return JournalError(error.what, why=error.why, do=f"{error.do} Or set {_ELSEWHERE}")


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
            do=f"Set {_ELSEWHERE}",
        ) from None
