"""Checks of versions: kubectl and its skew, Kubernetes, Istio. Pure. Called by `tutorial.preflight.check`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tutorial.backends.facts import istio_version
from tutorial.preflight.finding import Finding
from tutorial.preflight.place import Place
from tutorial.preflight.survey import Mesh, Survey

SUPPORTED_SKEW = 1
"""Minor versions that kubectl may be apart from the server (Kubernetes, "Version Skew Policy")."""

_NATIVE_SINCE = (1, 27)
_NATIVE_KUBELET = (1, 33)
_NATIVE_VARIABLE = "ENABLE_NATIVE_SIDECARS"
_INSTALL = "Install it: https://istio.io/latest/docs/setup/ (or use the sandbox: leave --context out)"
_MINOR = re.compile(r"v?(\d+)\.(\d+)")


def check_kubectl(survey: Survey) -> Finding:
    """The documented commands are kubectl's; one that is too far from the server may misbehave."""
    kubectl = survey.kubectl
    if not kubectl.path:
        do = "Install it: https://kubernetes.io/docs/tasks/tools/"
        return Finding("kubectl", "fail", kubectl.trouble or "it was not found", do)
    if not kubectl.version:
        return Finding("kubectl", "unknown", f"{kubectl.path}: {kubectl.trouble}")
    server = survey.facts.get("kubernetes", "")
    seen = f"{kubectl.version} at {kubectl.path}"
    client_minor, server_minor = minor_version(kubectl.version), minor_version(server)
    apart = abs(client_minor[1] - server_minor[1]) if client_minor and server_minor else 0
    if apart > SUPPORTED_SKEW and server_minor:
        major, minor = server_minor
        return Finding(
            "kubectl",
            "warn",
            f"{seen}; the server is {server}, and more than one minor version apart is not supported",
            f"Put a kubectl of {major}.{minor - 1} to {major}.{minor + 1} first in PATH.",
        )
    return Finding("kubectl", "pass", seen)


def check_server(survey: Survey, server: str) -> Finding:
    """The API server answered, and knows the user."""
    user = f", as {survey.user}" if survey.user else ""
    return Finding("server", "pass", f"{server} answers as Kubernetes {survey.facts['kubernetes']}{user}")


def check_istio(survey: Survey, mesh: Mesh, place: Place) -> Finding:
    """Istio is there: its version, revisions and mode, as far as the user may see them."""
    if survey.facts.get("mesh") == "none":
        return Finding("Istio", "fail", "it is not installed: none of its kinds is served", _INSTALL)
    if mesh.istiod.refused:
        why = f"its kinds are served; its version may not be seen ({mesh.istiod.refused})"
        return Finding("Istio", "unknown", why, needed=False)
    if not mesh.istiod.items:
        return Finding(
            "Istio",
            "warn",
            "its kinds are served, but no istiod runs in istio-system: its version is not known",
            place.kubectl("get", "deployments", "-A", "-l", "app=istiod"),
        )
    seen = "; ".join(filter(None, (_versions(mesh), _mode(survey, mesh))))
    if not any(_is_available(deployment) for deployment in mesh.istiod.items):
        do = place.kubectl("get", "pods", "-n", "istio-system", "-l", "app=istiod")
        return Finding("Istio", "warn", f"{seen}; no istiod is available now, and new pods need it", do)
    return Finding("Istio", "pass", seen)


def minor_version(version: str) -> tuple[int, int] | None:
    """Major and minor version, or None when the text does not begin with them."""
    found = _MINOR.match(version)
    return (int(found[1]), int(found[2])) if found else None


def _versions(mesh: Mesh) -> str:
    """Each istiod's version and revision."""
    parts = []
    for deployment in mesh.istiod.items:
        revision = ((deployment.get("metadata") or {}).get("labels") or {}).get("istio.io/rev", "default")
        parts.append(f"{istio_version(deployment) or 'of unknown version'} (revision {revision})")
    return ", ".join(dict.fromkeys(parts))


def _mode(survey: Survey, mesh: Mesh) -> str:
    if survey.facts.get("mesh") == "ambient":
        return "ambient mode: no sidecars, so no headers are added"
    native = _native_sidecars(survey, mesh)
    if native is None:
        return "sidecars are native ones where every kubelet is 1.33 or newer"
    return "sidecars are native ones (init containers)" if native else "sidecars are ordinary containers"


def _native_sidecars(survey: Survey, mesh: Mesh) -> bool | None:
    """Whether sidecars are init containers that are always restarted. None where that hangs on
    kubelets that may not be seen."""
    configured = {_variable(deployment, _NATIVE_VARIABLE) for deployment in mesh.istiod.items} - {""}
    if configured:
        return configured == {"true"}
    istio = minor_version(survey.facts.get("istio", ""))
    if istio is None or istio < _NATIVE_SINCE:
        return False
    kubelets = [minor_version(each) for each in mesh.kubelets]
    if not kubelets:
        return None
    return all(each is not None and each >= _NATIVE_KUBELET for each in kubelets)


def _variable(deployment: Mapping[str, Any], name: str) -> str:
    """The value of an environment variable of istiod's, empty when it is not set."""
    template = ((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}
    for container in template.get("containers") or ():
        for variable in container.get("env") or ():
            if variable.get("name") == name:
                return str(variable.get("value", ""))
    return ""


def _is_available(deployment: Mapping[str, Any]) -> bool:
    return bool((deployment.get("status") or {}).get("availableReplicas"))
