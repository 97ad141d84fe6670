"""A cluster of the user's own as a backend, named by its context. Called by `tutorial.backends.select`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tutorial.backends.backend import Backend, OpenBackend
from tutorial.backends.cluster import ApiCluster
from tutorial.backends.facts import cluster_facts
from tutorial.backends.kubeconfig import Access, load_kubeconfig, user_kubeconfig
from tutorial.backends.kubectl import kubectl_folder
from tutorial.backends.overlay import write_overlay
from tutorial.backends.rest import RestClient
from tutorial.backends.same_cluster import check_same_cluster, identity
from tutorial.engine.ports import Stopper
from tutorial.journal.paths import sandboxes_folder

if TYPE_CHECKING:
    from tutorial.sandbox.lifecycle import Sandbox


@contextmanager
def open_named_cluster(
    *,
    folder: Path,
    home: Path,
    environment: Mapping[str, str],
    namespace: str,
    context: str | None,
    kubeconfig: str | None,
    known: Mapping[str, str],
    ask_facts: bool,
    stopper: Stopper | None,
) -> Iterator[OpenBackend]:
    """Use the cluster of this context. The arguments are those of `open_backend`; `known` is what
    `Backend.parameters` said at an earlier time, where there was one.

    Raises:
        UsageError: no such context or kubeconfig.
        NotReadyError: the cluster cannot be reached, or it is another one than at that time.
        JournalError: the run's folder cannot be written.
    """
    config = user_kubeconfig(environment, kubeconfig)
    access = config.access(context)
    path = kubectl_folder(folder, environment, bundled_first=False)

    def read_again() -> Access:
        return load_kubeconfig(config.files, config.usual).access(access.context)

    client = RestClient(access, environment, read_again=read_again, stopper=stopper)

    def ask() -> dict[str, str]:
        return {**access.facts, **cluster_facts(client, namespace)}

    sandbox = _sandbox_at(access.server, home)
    try:
        if sandbox is not None:
            sandbox.use()
        check_same_cluster(client, namespace, known)
        facts = ask() if ask_facts else {}
        recognized = known or identity(client, namespace)
        backend = Backend(
            kind="cluster",
            label=f"cluster: {access.context}",
            environment={
                "KUBECONFIG": write_overlay(folder, access, namespace, config.files),
                "KUBERC": "off",
            },
            path=path,
            server=access.server,
            facts={"backend": "cluster", **facts},
            parameters={
                **recognized,
                "backend": "cluster",
                "context": access.context,
                "kubeconfig": os.pathsep.join(str(file) for file in config.files),
                "file": str(access.file or ""),
                **({"sandbox": sandbox.name} if sandbox is not None else {}),
            },
        )
        is_gone = sandbox.is_gone if sandbox is not None else lambda: False
        cluster = ApiCluster(client, namespace, is_gone=is_gone, facts=ask)
        yield OpenBackend(backend, cluster, client=client, when_silent=client.when_silent)
    finally:
        client.close()
        if sandbox is not None:
            sandbox.close()


def _sandbox_at(server: str, home: Path) -> Sandbox | None:
    """The sandbox of this user that is the named cluster, by a kubeconfig of it."""
    root = sandboxes_folder(home)
    if not root.is_dir():
        return None
    from tutorial.sandbox import lifecycle

    return next((each for each in lifecycle.all_sandboxes(root) if each.server == server), None)
