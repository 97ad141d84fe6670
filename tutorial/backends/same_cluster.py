"""Holds the cluster that a run is opened with again against the one that it was begun on.

Called by `tutorial.backends.named_cluster`. A context is only a name: until the next `resume` or
`rollback` it may lead elsewhere, where nothing of the run is, and where its commands must not go.
"""

from __future__ import annotations

from collections.abc import Mapping

from tutorial.backends.rest import RestClient
from tutorial.errors import NotReadyError, OtherClusterError

SERVER = "server"
"""The parameter of a backend that holds its API server's address."""

HOME = "home"
"""The parameter that holds the uid of the run's namespace; absent where the user may not see it."""


def identity(client: RestClient, namespace: str) -> dict[str, str]:
    """The parameters by which the cluster is known again.

    Raises:
        NotReadyError: it cannot be asked.
    """
    uid = _uid(client, namespace)
    return {SERVER: client.access.server, **({HOME: uid} if uid else {})}


def check_same_cluster(client: RestClient, namespace: str, known: Mapping[str, str]) -> None:
    """Nothing, where the cluster is the `known` one: at the same address, or at another with the same
    namespace, as behind a tunnel. Parameters of older runs, which hold no address, are taken as they are.

    Raises:
        OtherClusterError: it is another one, or cannot be known to be the same.
    """
    access = client.access
    if known.get(SERVER, access.server) == access.server:
        return
    why = f"The context {access.context} leads to {access.server} now, and what the run made is not there."
    try:
        if known.get(HOME) and _uid(client, namespace) == known[HOME]:
            return
    except NotReadyError as error:
        why = f"The context {access.context} leads to {access.server} now. {error.what}"
    raise OtherClusterError(
        f"The run was begun on another cluster, {known[SERVER]}. Nothing was touched.",
        why=why,
        do=f"Make the context {access.context} lead to {known[SERVER]} again.",
    )


def _uid(client: RestClient, namespace: str) -> str:
    response = client.request("GET", f"/api/v1/namespaces/{namespace}")
    metadata = (response.json().get("metadata") or {}) if response.status == 200 else {}
    return str(metadata.get("uid") or "")
