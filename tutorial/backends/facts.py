"""What `when` may ask of a cluster: the versions of Kubernetes and Istio, and the kind of mesh.

Called by `tutorial.backends.named_cluster` and `sandbox`, and by the preflight checks. A fact that the user
may not see is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tutorial.backends.response import Response
from tutorial.backends.rest import RestClient
from tutorial.errors import NotReadyError

_VERSION_PATH = "/version"
_ISTIOD_PATH = "/apis/apps/v1/namespaces/istio-system/deployments?labelSelector=app%3Distiod"
_VERSION_LABELS = ("app.kubernetes.io/version", "version")
_VERSION = re.compile(r"(\d+\.\d+(?:\.\d+)?)")
_MINOR_VERSION = re.compile(r"(\d+\.\d+)")
_API_VERSIONS = ("v1", "v1beta1", "v1alpha3")
"""Versions of networking.istio.io, newest first; v1 is served from Istio 1.22 on."""


def cluster_facts(client: RestClient, namespace: str) -> dict[str, str]:
    """`kubernetes` (`1.36`), `istio` (`1.27.1`), `istio_api` (the newest version of Istio's
    networking kinds that is served: `v1`) and `mesh` (`sidecar`, `ambient` or `none`).

    Raises:
        NotReadyError: the API server cannot be reached, or is none.
    """
    version_of_server, deployments, group, place = client.get_all(
        [_VERSION_PATH, _ISTIOD_PATH, "/apis/networking.istio.io", f"/api/v1/namespaces/{namespace}"]
    )
    facts = {"kubernetes": _version_in(client, version_of_server)}
    istiod = deployments.json().get("items") if deployments.status == 200 else None
    version = istio_version(istiod[0]) if istiod else ""
    facts |= {"istio": version} if version else {}
    served = {each.get("version") for each in group.json().get("versions") or ()}
    newest = next((api for api in _API_VERSIONS if api in served), "")
    facts |= {"istio_api": newest} if newest else {}
    if istiod or served:
        labels = (place.json().get("metadata") or {}).get("labels") or {}
        facts["mesh"] = "ambient" if is_ambient(labels) else "sidecar"
    elif group.status == 404:
        facts["mesh"] = "none"
    return facts


def kubernetes_version(client: RestClient) -> str:
    """Major and minor version of the API server. Raises NotReadyError when it is none."""
    return _version_in(client, client.request("GET", _VERSION_PATH))


def _version_in(client: RestClient, response: Response) -> str:
    """A server that somebody has built may say only its `gitVersion`."""
    answer = response.json()
    said = (f"{answer.get('major', '')}.{answer.get('minor', '')}", str(answer.get("gitVersion", "")))
    found = next(filter(None, map(_MINOR_VERSION.search, said)), None)
    if found is None:
        raise NotReadyError(
            "The server does not answer as a Kubernetes API server.",
            do=f"Check the cluster with: {client.access.kubectl('version')}",
        )
    return found[1]


def istio_version(deployment: Mapping[str, Any]) -> str:
    """The version of istiod: from its labels, else from the tag of its image; empty when neither says."""
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


def is_ambient(labels: Mapping[str, str]) -> bool:
    """Whether a namespace's labels put its pods into the mesh without a sidecar. A pod that gets a
    sidecar is left to it."""
    return labels.get("istio.io/dataplane-mode") == "ambient" and labels.get("istio-injection") != "enabled"
