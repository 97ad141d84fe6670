"""Sidecar injection: which pods get a sidecar, and what is added to them.

Made by the supervisor and called by the API inside the creation of a pod (the `Admission` port);
`istioctl kube-inject` calls the same functions for manifests.
The rules are those of Istio 1.31's default revision on kubelets of 1.33 and later, where the
sidecar is a native one: an init container that is always restarted. Nothing is declared that the
sandbox does not have: no token, no certificate volumes, no istiod address.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from tutorial.sandbox.mesh.workload import CLUSTER_ID, Workload, canonical_labels, owner_path, workload_of
from tutorial.sandbox.ports import Object

ISTIO_VERSION = "1.31.0"
REVISION = "default"
INIT_CONTAINER = "istio-init"
PROXY_CONTAINER = "istio-proxy"
STATUS_ANNOTATION = "sidecar.istio.io/status"
PROXY_USER = 1337
READINESS_PORT = 15021
READINESS_PATH = "/healthz/ready"

_IMAGE = f"docker.io/istio/proxyv2:{ISTIO_VERSION}"
_INJECT = "sidecar.istio.io/inject"
_INJECTION = "istio-injection"
_REVISION_LABEL = "istio.io/rev"
_YES = frozenset({"y", "yes", "true", "on"})
_SYSTEM_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})


class Injector:
    """Adds a sidecar to the pods that should have one."""

    def admit_pod(self, pod: Object, namespace: Object) -> Object:
        """See `Admission.admit_pod`. A pod whose containers have no names is left to be refused."""
        containers = pod["spec"].get("containers") or ()
        if not containers or not all(container.get("name") for container in containers):
            return pod
        if has_sidecar(pod) or not wants_sidecar(pod, namespace):
            return pod
        return inject(pod, namespace=namespace["metadata"]["name"], workload=workload_of(pod))


def wants_sidecar(pod: Object, namespace: Object) -> bool:
    """Istio's decision for a new pod, from the labels of its namespace and its own."""
    labels = pod["metadata"].get("labels") or {}
    return accepts_sidecar(pod, namespace["metadata"]["name"]) and _selected(
        labels, namespace["metadata"].get("labels") or {}
    )


def accepts_sidecar(pod: Object, namespace: str) -> bool:
    """Whether nothing of the pod's own speaks against a sidecar: its network, its namespace's
    name, its label or annotation."""
    if pod["spec"].get("hostNetwork") or namespace in _SYSTEM_NAMESPACES:
        return False
    labels = pod["metadata"].get("labels") or {}
    annotations = pod["metadata"].get("annotations") or {}
    wish = labels.get(_INJECT, annotations.get(_INJECT, ""))
    return wish == "" or wish.lower() in _YES


def has_sidecar(pod: Object) -> bool:
    """True when the pod has an `istio-proxy`, as an init container or as an ordinary one."""
    spec = pod["spec"]
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return any(container.get("name") == PROXY_CONTAINER for container in containers)


def _selected(pod: dict[str, str], namespace: dict[str, str]) -> bool:
    """Whether one of the injector's webhooks is called: the selectors of the default revision."""
    if pod.get(_INJECT) == "false":
        return False
    if _INJECTION in namespace:
        return namespace[_INJECTION] == "enabled"
    if _REVISION_LABEL in namespace:
        return namespace[_REVISION_LABEL] == REVISION
    if _REVISION_LABEL in pod:
        return pod[_REVISION_LABEL] == REVISION
    return pod.get(_INJECT) == "true"


def inject(pod: Object, *, namespace: str, workload: Workload) -> Object:
    """A copy of a pod, or of a pod template, with the sidecar. `workload` is what the pod is of."""
    injected = copy.deepcopy(pod)
    metadata, spec = injected["metadata"], injected["spec"]
    first_container = spec["containers"][0]["name"]
    metadata["labels"] = {
        **(metadata.get("labels") or {}),
        "security.istio.io/tlsMode": "istio",
        **canonical_labels(pod, workload),
    }
    metadata["annotations"] = {
        "kubectl.kubernetes.io/default-container": first_container,
        "kubectl.kubernetes.io/default-logs-container": first_container,
        **(metadata.get("annotations") or {}),
        _REVISION_LABEL: REVISION,
        "prometheus.io/path": "/stats/prometheus",
        "prometheus.io/port": "15020",
        "prometheus.io/scrape": "true",
        STATUS_ANNOTATION: json.dumps(_status(), separators=(",", ":")),
    }
    spec["initContainers"] = [
        _init_container(),
        _proxy_container(namespace, workload, first_container),
        *(spec.get("initContainers") or ()),
    ]
    return injected


def _status() -> dict[str, Any]:
    return {
        "initContainers": [INIT_CONTAINER, PROXY_CONTAINER],
        "containers": None,
        "volumes": None,
        "imagePullSecrets": None,
        "revision": REVISION,
    }


def _init_container() -> Object:
    return {
        "name": INIT_CONTAINER,
        "image": _IMAGE,
        "args": [
            *("istio-iptables", "-p", "15001", "-z", "15006", "-u", str(PROXY_USER), "-m", "REDIRECT"),
            *("-i", "*", "-x", "", "-b", "*", "-d", "15090,15021,15020"),
        ],
        "resources": _resources(),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": False,
            "runAsGroup": 0,
            "runAsNonRoot": False,
            "runAsUser": 0,
        },
    }


def _proxy_container(namespace: str, workload: Workload, app_container: str) -> Object:
    return {
        "name": PROXY_CONTAINER,
        "image": _IMAGE,
        "restartPolicy": "Always",
        "args": [
            *("proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"),
            *("--proxyLogLevel=warning", "--proxyComponentLogLevel=misc:error"),
            "--log_output_level=default:info",
        ],
        "env": [
            _field_variable("POD_NAME", "metadata.name"),
            _field_variable("POD_NAMESPACE", "metadata.namespace"),
            _field_variable("INSTANCE_IP", "status.podIP"),
            _field_variable("SERVICE_ACCOUNT", "spec.serviceAccountName"),
            _field_variable("HOST_IP", "status.hostIP"),
            {"name": "ISTIO_META_CLUSTER_ID", "value": CLUSTER_ID},
            {"name": "ISTIO_META_APP_CONTAINERS", "value": app_container},
            {"name": "ISTIO_META_INTERCEPTION_MODE", "value": "REDIRECT"},
            {"name": "ISTIO_META_WORKLOAD_NAME", "value": workload.name},
            {"name": "ISTIO_META_OWNER", "value": owner_path(workload, namespace)},
            {"name": "ISTIO_META_MESH_ID", "value": "cluster.local"},
            {"name": "TRUST_DOMAIN", "value": "cluster.local"},
        ],
        "ports": [{"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}],
        "startupProbe": _probe(period=1, failures=600),
        "readinessProbe": _probe(period=15, failures=4),
        "resources": _resources(),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsGroup": PROXY_USER,
            "runAsNonRoot": True,
            "runAsUser": PROXY_USER,
        },
    }


def _field_variable(name: str, path: str) -> Object:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def _probe(*, period: int, failures: int) -> Object:
    return {
        "httpGet": {"path": READINESS_PATH, "port": READINESS_PORT},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
    }


def _resources() -> Object:
    return {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "128Mi"}}
