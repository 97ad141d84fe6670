"""Writes the `istioctl` that is found on PATH. Called by the supervisor when the sandbox starts."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

NAME = "istioctl"


def write_program(folder: Path) -> None:
    """Make `folder` with an `istioctl` in it that runs this package. Raises OSError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    program = folder / NAME
    python = shlex.quote(sys.executable)
    program.write_text(
        "#!/bin/sh\n"
        "# The sandbox's own istioctl, not Istio's: it knows kube-inject and version.\n"
        f'exec {python} -P -m {__package__} "$@"\n'
    )
    program.chmod(0o700)
