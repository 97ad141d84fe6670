"""Which backend a run uses: a cluster that was named, a sandbox that is up, one of its own, or none.

Called by `tutorial.app`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tutorial.backends.backend import OpenBackend


@contextmanager
def open_backend(
    *,
    requires: str,
    folder: Path,
    home: Path,
    environment: Mapping[str, str],
    namespace: str = "default",
    context: str | None = None,
    kubeconfig: str | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Iterator[OpenBackend]:
    """Open the backend, and close it at the end (an own sandbox ends then, unless it was kept).

    Args:
        requires: the tutorial's `requires`: `cluster` or `none`.
        folder: the run's folder; the private kubeconfig is written there.
        home: the state folder (`state_home`); sandboxes live in it.
        environment: the user's; KUBECONFIG and HOME are looked up in it.
        namespace: the run's namespace, for commands that name none.
        context: `--context`: a context of the user's kubeconfig. None means a sandbox.
        kubeconfig: `--kubeconfig`.
        parameters: `Backend.parameters` of an earlier time, to open the same one again; they
            outrank `context` and `kubeconfig`. A sandbox that is gone is started anew.

    Raises:
        UsageError: no such context.
        NotReadyError: the cluster cannot be reached, or no sandbox can start here.
    """
    raise NotImplementedError
    yield
