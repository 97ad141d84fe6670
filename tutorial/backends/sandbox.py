"""The sandbox as a backend: one that is up, or one of the run's own. Called by `tutorial.backends.select`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tutorial.backends.backend import Backend, OpenBackend
from tutorial.backends.cluster import ApiCluster
from tutorial.backends.facts import kubernetes_version
from tutorial.backends.kubeconfig import load_kubeconfig
from tutorial.backends.kubectl import kubectl_folder
from tutorial.backends.overlay import write_overlay
from tutorial.backends.rest import RestClient
from tutorial.engine.ports import Stopper


@contextmanager
def open_sandbox(
    *,
    folder: Path,
    root: Path,
    environment: Mapping[str, str],
    namespace: str,
    name: str | None,
    stopper: Stopper | None = None,
) -> Iterator[OpenBackend]:
    """Use the sandbox `name`, or the user's own (`sandbox up`) when that is None; start one for
    this run when it is not up.

    Raises:
        SandboxError: none can start here.
    """
    from tutorial.sandbox import lifecycle

    sandbox = lifecycle.attach(root, name or lifecycle.DEFAULT_NAME)
    if sandbox is None:
        sandbox = lifecycle.start(root, name or folder.name, kept=False)
    try:
        sandbox.use()
        access = load_kubeconfig([sandbox.kubeconfig]).access()
        client = RestClient(access, environment, stopper=stopper)
        try:
            backend = Backend(
                kind="sandbox",
                label="sandbox",
                environment={
                    "KUBECONFIG": write_overlay(folder, access, namespace, [sandbox.kubeconfig]),
                    "KUBECACHEDIR": str(sandbox.kubectl_cache),
                    "KUBERC": "off",
                },
                path=(*kubectl_folder(folder, environment, bundled_first=True), sandbox.programs),
                facts=sandbox_facts(client),
                parameters={"backend": "sandbox", "sandbox": sandbox.name},
            )
            cluster = ApiCluster(
                client, namespace, is_gone=sandbox.is_gone, facts=partial(sandbox_facts, client)
            )
            yield OpenBackend(backend, cluster, sandbox.owned, sandbox.keep, when_silent=client.when_silent)
        finally:
            client.close()
    finally:
        sandbox.close()


def sandbox_facts(client: RestClient) -> dict[str, str]:
    """What the sandbox says it is, and the version of Istio that its mesh speaks as."""
    from tutorial.sandbox.mesh.injection import ISTIO_VERSION

    return {
        "backend": "sandbox",
        "kubernetes": kubernetes_version(client),
        "istio": ISTIO_VERSION,
        "istio_api": "v1",
        "mesh": "sidecar",
    }
