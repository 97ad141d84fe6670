"""Which kubectl the commands find. Called by `tutorial.backends.select` and `sandbox`, and by the doctor."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from tutorial.errors import JournalError, NotReadyError


def kubectl_folder(folder: Path, environment: Mapping[str, str], *, bundled_first: bool) -> tuple[Path, ...]:
    """Folders to put before PATH so that `kubectl` is found: none when the user's own will do.

    Args:
        folder: the run's folder; gets a `bin/` with a link to the kubectl that came with this
            program, so that nothing else of its environment gets into PATH.
        environment: the user's, for PATH.
        bundled_first: true to prefer the bundled one over the user's own.

    Raises:
        NotReadyError: there is no kubectl.
        JournalError: the link cannot be made.
    """
    own = own_kubectl(environment)
    bundled = bundled_kubectl()
    if bundled is None or (own and not bundled_first):
        if own is None:
            raise NotReadyError(
                "There is no kubectl.",
                why="It is not in PATH, and none came with this program for this kind of machine.",
                do="Install it: https://kubernetes.io/docs/tasks/tools/",
            )
        return ()
    link = folder / "bin" / "kubectl"
    try:
        link.parent.mkdir(mode=0o700, exist_ok=True)
        if not link.is_symlink() or link.readlink() != bundled:
            link.unlink(missing_ok=True)
            link.symlink_to(bundled)
    except OSError as error:
        raise JournalError.unwritable(link, error) from None
    return (link.parent,)


def own_kubectl(environment: Mapping[str, str]) -> str | None:
    """The user's own kubectl: the first in PATH."""
    return shutil.which("kubectl", path=environment.get("PATH", ""))


def bundled_kubectl() -> Path | None:
    """The kubectl beside this Python's own programs."""
    for folder in (sysconfig.get_path("scripts"), str(Path(sys.executable).parent)):
        found = shutil.which("kubectl", path=folder)
        if found:
            return Path(found)
    return None
