"""How a person's own kubectl is told which cluster is meant, in the commands that messages advise.

Called by `tutorial.backends.kubeconfig` and `select`. A command is pasted into another shell, too, where the
same context may be of another cluster, or none.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path


def usual_kubeconfig(environment: Mapping[str, str]) -> Path | None:
    """The file that kubectl reads without being told: none where KUBECONFIG names others."""
    home = environment.get("HOME")
    return Path(home, ".kube", "config").absolute() if home and not environment.get("KUBECONFIG") else None


def context_options(context: str, file: Path | None, usual: Path | None, server: str) -> str:
    """Those of kubectl's options that choose a context's cluster.

    Args:
        file: the kubeconfig that holds the context with all that belongs to it; None when it is spread over
            several, which no option of kubectl's can name. Then the server's address is given: where the
            context leads elsewhere, the command goes nowhere.
        usual: of `usual_kubeconfig`, which need not be named.
        server: the API server's address; may be empty where it is not known.
    """
    words = ["--context", context]
    if file is None:
        words += ["--server", server] if server else []
    elif file != usual:
        words += ["--kubeconfig", str(file)]
    return shlex.join(words)


def files_command(files: Sequence[Path], usual: Path | None, words: str) -> str:
    """A kubectl command that reads these kubeconfig files."""
    if not files or tuple(files) == (usual,):
        return f"kubectl {words}"
    if len(files) == 1:
        return f"kubectl {words} --kubeconfig {shlex.quote(str(files[0]))}"
    return f"KUBECONFIG={shlex.quote(os.pathsep.join(map(str, files)))} kubectl {words}"
