"""What the rest of the program knows of a backend: plain frozen data, and the handle that holds it open.

Made by `named_cluster`, `sandbox` and `select`; used by `tutorial.wiring`, `consent` and `left_runs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tutorial.engine.ports import Cluster

if TYPE_CHECKING:
    from tutorial.backends.rest import RestClient


@dataclass(frozen=True)
class Backend:
    """Where the commands go.

    Args:
        kind: `sandbox`, `cluster` or `none`.
        label: what the screen shows: `sandbox`, `cluster: kind`, `no cluster`.
        environment: variables that commands need to reach it (`KUBECONFIG`, `KUBERC`).
        path: folders to put before `PATH` (the bundled kubectl).
        server: the API server's address; empty where it is nobody's business.
        facts: what `when` may ask: `backend`, `kubernetes`, `istio`, `mesh`. A fact that could
            not be found out is absent.
        parameters: JSON-ready; what `open_backend` needs to open the same one again.
    """

    kind: str
    label: str
    environment: Mapping[str, str] = field(default_factory=dict)
    path: tuple[Path, ...] = ()
    server: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


def _nothing() -> None:
    """A backend that outlives the run anyway needs no keeping."""


def _never(tell: Callable[[], None]) -> None:
    """No API server, no silence."""
    del tell


@dataclass(frozen=True)
class OpenBackend:
    """A backend in use. `keep` lets it outlive this process (an own sandbox); `owned` is true when
    it ends with this process otherwise; `client` is the way to the API server of a user's cluster,
    which is looked at before a run; `when_silent` takes what is to be called when the API server lets
    somebody wait for its answer."""

    backend: Backend
    cluster: Cluster
    owned: bool = False
    keep: Callable[[], None] = _nothing
    client: RestClient | None = None
    when_silent: Callable[[Callable[[], None]], None] = _never
