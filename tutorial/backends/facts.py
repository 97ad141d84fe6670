"""What `when` may ask of a cluster: the versions of Kubernetes and Istio, and the kind of mesh.

Called by `tutorial.backends.select` and `sandbox`. A fact that the user may not see is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tutorial.backends.rest import RestClient
from tutorial.errors import NotReadyError

_VERSION_LABELS = ("app.kubernetes.io/version", "version")
_VERSION = re.compile(r"(\d+\.\d+(?:\.\d+)?)")


def cluster_facts(client: RestClient, namespace: str) -> dict[str, str]:
    """`kubernetes` (`1.36`), `istio` (`1.27.1`) and `mesh` (`sidecar`, `ambient` or `none`).

    Raises:
        NotReadyError: the API server cannot be reached, or is none.
    """
    facts = {"kubernetes": kubernetes_version(client)}
    istiod = _items(client, "/apis/apps/v1/namespaces/istio-system/deployments?labelSelector=app%3Distiod")
    if istiod:
        version = _istio_version(istiod[0])
        facts |= {"istio": version} if version else {}
        facts["mesh"] = "ambient" if _is_ambient(client, namespace) else "sidecar"
    elif istiod is not None:
        facts["mesh"] = "none"
    return facts


def kubernetes_version(client: RestClient) -> str:
    """Major and minor version of the API server. Raises NotReadyError when it is none."""
    answer = client.request("GET", "/version").json()
    found = _VERSION.search(f"{answer.get('major', '')}.{answer.get('minor', '')}")
    if found is None:
        raise NotReadyError(
            "The server does not answer as a Kubernetes API server.",
            do="Check the cluster with: kubectl version",
        )
    return found[1]


def _items(client: RestClient, path: str) -> list[dict[str, Any]] | None:
    """The objects of a list, or None when the user may not see it."""
    response = client.request("GET", path)
    return list(response.json().get("items") or []) if response.status == 200 else None


def _istio_version(deployment: Mapping[str, Any]) -> str:
    """From istiod's labels, else from the tag of its image."""
    labels = (deployment.get("metadata") or {}).get("labels") or {}
    template = ((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}
    tags = [
        str(container.get("image", "")).rpartition(":")[2] for container in template.get("containers") or ()
    ]
    for candidate in (*(str(labels.get(name, "")) for name in _VERSION_LABELS), *tags):
        found = _VERSION.match(candidate)
        if found:
            return found[1]
    return ""


def _is_ambient(client: RestClient, namespace: str) -> bool:
    answer = client.request("GET", f"/api/v1/namespaces/{namespace}").json()
    labels = (answer.get("metadata") or {}).get("labels") or {}
    return bool(labels.get("istio.io/dataplane-mode") == "ambient")
