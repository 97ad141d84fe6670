"""How a person names the cluster that is looked at, for the commands in findings."""

from __future__ import annotations

import shlex
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A context, and the kubeconfig that `--kubeconfig` named, or None; `kubectl_options` are those by which
    a person's kubectl reaches the cluster."""

    context: str
    kubeconfig: str | None = None
    kubectl_options: str = ""

    @property
    def options(self) -> str:
        """What chooses it for this program."""
        words = ["--context", self.context]
        if self.kubeconfig:
            words += ["--kubeconfig", self.kubeconfig]
        return shlex.join(words)

    def kubectl(self, *words: str) -> str:
        """A kubectl command for this cluster, as a person would type it."""
        return f"kubectl {self.kubectl_options or self.options} {shlex.join(words)}"
