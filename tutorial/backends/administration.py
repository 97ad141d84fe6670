"""A cluster for whoever looks after it: the one that is named, else the sandbox that is up.

Called by the commands of `class`. Nothing runs in it here, so there is no overlay and no kubectl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tutorial.backends.facts import cluster_facts
from tutorial.backends.kubeconfig import Access, load_kubeconfig, user_kubeconfig
from tutorial.backends.rest import RestClient
from tutorial.backends.sandbox import sandbox_facts
from tutorial.errors import NotReadyError
from tutorial.journal.paths import sandboxes_folder


@dataclass(frozen=True)
class AdministeredCluster:
    """`label` is what the screen calls it; `facts` are as in `Backend.facts`."""

    access: Access
    client: RestClient
    label: str
    facts: Mapping[str, str]
    is_sandbox: bool


@contextmanager
def open_administered(
    *, home: Path, environment: Mapping[str, str], context: str | None, kubeconfig: str | None
) -> Iterator[AdministeredCluster]:
    """Open the cluster that `--context` and `--kubeconfig` name; without either the kept sandbox.

    Args:
        home: the state folder (`state_home`); sandboxes live in it.

    Raises:
        UsageError: no such context or kubeconfig.
        NotReadyError: neither is named, and no sandbox is up; or the cluster cannot be reached.
    """
    named = context is not None or kubeconfig is not None
    access = user_kubeconfig(environment, kubeconfig).access(context) if named else _sandbox_access(home)
    client = RestClient(access, environment)
    try:
        facts = cluster_facts(client, access.namespace) if named else sandbox_facts(client)
        label = f"cluster: {access.context}" if named else "sandbox"
        yield AdministeredCluster(access, client, label, facts, is_sandbox=not named)
    finally:
        client.close()


def _sandbox_access(home: Path) -> Access:
    from tutorial.sandbox import lifecycle

    sandbox = lifecycle.attach(sandboxes_folder(home))
    if sandbox is None:
        raise NotReadyError(
            "No cluster is named, and no sandbox is up.",
            why="A class outlives the command that makes it, so it needs a cluster that stays.",
            do="Start a sandbox to keep: egress-tutorial sandbox up. Or name a cluster: --context NAME",
        )
    return load_kubeconfig([sandbox.kubeconfig]).access()
