"""Defaults of Pods and of pod templates; for Pods also what admission adds: the service account with
its token volume, tolerations, priority.
"""

from __future__ import annotations

import secrets
from typing import Any

from tutorial.sandbox.ports import Object

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_TOKEN_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN_SECONDS = 3607
_TOLERATION_SECONDS = 300
_UNREACHABLE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_FILE_MODE = 0o644
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def default(pod: Object) -> None:
    """Fill in a Pod, in place, including what the server's admission adds."""
    spec = pod.setdefault("spec", {})
    default_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    if "serviceAccountName" not in spec:
        spec["serviceAccountName"] = spec["serviceAccount"] = "default"
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    _add_token_volume(spec)
    _add_tolerations(spec)
    status = pod.setdefault("status", {})
    status.setdefault("phase", "Pending")
    status.setdefault("qosClass", _quality_of_service(spec))


def default_spec(spec: dict[str, Any]) -> None:
    """Fill in a pod's spec, or a template's, in place."""
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        _default_container(container)
    for volume in spec.get("volumes", ()):
        _default_volume(volume)
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    if "serviceAccountName" in spec:
        spec["serviceAccount"] = spec["serviceAccountName"]
    elif "serviceAccount" in spec:
        spec["serviceAccountName"] = spec["serviceAccount"]
    if spec.get("hostNetwork"):
        for container in spec.get("containers", ()):
            for port in container.get("ports", ()):
                port.setdefault("hostPort", port.get("containerPort"))


def _default_container(container: dict[str, Any]) -> None:
    container.setdefault("imagePullPolicy", _pull_policy(container.get("image", "")))
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    resources = container.setdefault("resources", {})
    if "limits" in resources:
        resources["requests"] = {**resources["limits"], **resources.get("requests", {})}
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
    for variable in container.get("env", ()):
        reference = variable.get("valueFrom", {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")
    for name in _PROBES:
        if name in container:
            _default_probe(container[name])
    for handler in container.get("lifecycle", {}).values():
        if isinstance(handler, dict):
            _default_http_get(handler)


def _pull_policy(image: str) -> str:
    """Images without a tag, or with `latest`, are always pulled."""
    name, digest = image.partition("@")[::2]
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if not digest and tag in ("", "latest") else "IfNotPresent"


def _default_probe(probe: dict[str, Any]) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    _default_http_get(probe)
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def _default_http_get(handler: dict[str, Any]) -> None:
    request = handler.get("httpGet")
    if request is not None:
        request.setdefault("path", "/")
        request.setdefault("scheme", "HTTP")


def _default_volume(volume: dict[str, Any]) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for source in ("secret", "configMap", "downwardAPI", "projected"):
        if source in volume:
            volume[source].setdefault("defaultMode", _FILE_MODE)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    for part in volume.get("projected", {}).get("sources", ()):
        if "serviceAccountToken" in part:
            part["serviceAccountToken"].setdefault("expirationSeconds", 3600)
    for item in _downward_items(volume):
        if "fieldRef" in item:
            item["fieldRef"].setdefault("apiVersion", "v1")


def _downward_items(volume: dict[str, Any]) -> list[dict[str, Any]]:
    items = list(volume.get("downwardAPI", {}).get("items", ()))
    for part in volume.get("projected", {}).get("sources", ()):
        items += part.get("downwardAPI", {}).get("items", ())
    return items


def _add_token_volume(spec: dict[str, Any]) -> None:
    if spec.get("automountServiceAccountToken") is False:
        return
    present = [v["name"] for v in spec.get("volumes", ()) if v.get("name", "").startswith("kube-api-access-")]
    name = present[0] if present else "kube-api-access-" + _suffix()
    if not present:
        spec.setdefault("volumes", []).append(_token_volume(name))
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        mounts = container.setdefault("volumeMounts", [])
        if all(mount.get("mountPath") != _TOKEN_FOLDER for mount in mounts):
            mounts.append({"mountPath": _TOKEN_FOLDER, "name": name, "readOnly": True})


def _suffix() -> str:
    return "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(5))


def _token_volume(name: str) -> dict[str, Any]:
    namespace = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}
    certificate = {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}},
        {"configMap": certificate},
        {"downwardAPI": {"items": [namespace]}},
    ]
    return {"name": name, "projected": {"defaultMode": _FILE_MODE, "sources": sources}}


def _add_tolerations(spec: dict[str, Any]) -> None:
    tolerations = spec.setdefault("tolerations", [])
    for key in _UNREACHABLE:
        if not any(
            t.get("key") in (key, None) and t.get("effect", "NoExecute") == "NoExecute" for t in tolerations
        ):
            tolerations.append(
                {
                    "effect": "NoExecute",
                    "key": key,
                    "operator": "Exists",
                    "tolerationSeconds": _TOLERATION_SECONDS,
                }
            )


def _quality_of_service(spec: dict[str, Any]) -> str:
    """Guaranteed when every container's limits equal its requests, BestEffort without any."""
    resources = [
        container.get("resources", {})
        for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]
    ]
    if not any(r.get("requests") or r.get("limits") for r in resources):
        return "BestEffort"
    full = all({"cpu", "memory"} <= set(r.get("limits", {})) for r in resources)
    return "Guaranteed" if full and all(r["limits"] == r["requests"] for r in resources) else "Burstable"
