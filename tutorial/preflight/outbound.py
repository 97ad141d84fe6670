"""Whether the mesh lets pods with a sidecar out to the hosts that they ask for. Pure.

Called by `tutorial.preflight.check` and, for the policy, by `looking`. On Istio 1.21 and later a host
behind an ExternalName service is as unknown to the mesh as any other; with REGISTRY_ONLY the sidecar
then answers 502.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tutorial.preflight.finding import Finding
from tutorial.preflight.place import Place
from tutorial.preflight.requirements import Requirements
from tutorial.preflight.survey import Look, Mesh, Survey
from tutorial.preflight.versions import minor_version
from tutorial.preflight.workloads import mapping

ROOT_NAMESPACE = "istio-system"
REGISTRY_ONLY = "REGISTRY_ONLY"
_ALIAS_SINCE = (1, 21)


@dataclass(frozen=True)
class Policy:
    """`mode` is ALLOW_ANY or REGISTRY_ONLY, empty when it may not be seen; `source` says where it
    stands."""

    mode: str
    source: str


def check_outbound(requirements: Requirements, survey: Survey, mesh: Mesh, place: Place) -> Finding | None:
    """The policy for each namespace with sidecars; None where no pod has one."""
    policies = effective_policies(requirements, mesh)
    if not policies:
        return None
    strict = {name: policy for name, policy in policies.items() if policy.mode == REGISTRY_ONLY}
    if not strict:
        unseen = [name for name, policy in policies.items() if not policy.mode]
        if unseen:
            return Finding(
                "outbound", "unknown", f"the mesh's policy may not be seen ({mesh.config.refused})"
            )
        return Finding("outbound", "pass", "ALLOW_ANY: the mesh lets pods out to every host")
    namespace, policy = next(iter(strict.items()))
    seen = f"{REGISTRY_ONLY} by {policy.source}"
    hosts = [each.host for each in requirements.outside if each.host]
    unknown = [host for host in hosts if not _is_known(host, mesh.service_entries, namespace)]
    istio = minor_version(survey.facts.get("istio", ""))
    if not unknown or (istio and istio < _ALIAS_SINCE):
        return Finding("outbound", "pass", f"{seen}; what the steps ask for is known to the mesh")
    if survey.facts.get("mesh") == "ambient" or mesh.service_entries.refused:
        why = f"{seen}; whether {', '.join(unknown)} is let out cannot be told"
        return Finding("outbound", "unknown", why)
    return Finding(
        "outbound",
        "fail",
        f"{seen}: pods with a sidecar reach known hosts only, and {', '.join(unknown)} is none",
        "Ask who runs the mesh for a ServiceEntry of it, or run the tutorial endpoints, which works there. "
        f"See them: {place.kubectl('get', 'serviceentries', '-A')}",
    )


def effective_policies(requirements: Requirements, mesh: Mesh) -> dict[str, Policy]:
    """The policy that holds in each namespace whose pods have a sidecar."""
    return {
        name: _policy(name, requirements, mesh)
        for name, sidecar in requirements.sidecars.items()
        if sidecar != "none"
    }


def _policy(namespace: str, requirements: Requirements, mesh: Mesh) -> Policy:
    """The most specific Sidecar decides: one for these pods, one of the namespace, one of the mesh. Where
    it has no policy, or there is none, the mesh's own configuration does (Istio, "Sidecar")."""
    own = mesh.sidecar_resources.get(namespace, Look()).items
    whole_mesh = mesh.sidecar_resources.get(ROOT_NAMESPACE, Look()).items
    labels = [each.labels for each in requirements.workloads if each.namespace == namespace]
    candidates = [
        *(each for each in own if any(_selects(each, pod) for pod in labels)),
        *(each for each in own if not _selector(each)),
        *(each for each in whole_mesh if not _selector(each)),
    ]
    if candidates:
        mode = mapping(mapping(candidates[0].get("spec")).get("outboundTrafficPolicy")).get("mode")
        metadata = mapping(candidates[0].get("metadata"))
        if mode:
            return Policy(str(mode), f"the Sidecar {metadata.get('name')} in {metadata.get('namespace')}")
    if mesh.config.refused:
        return Policy("", "")
    return Policy(_mode_of_mesh(mesh.config), "the mesh's configuration")


def _mode_of_mesh(config: Look) -> str:
    """From `mesh` of the ConfigMap `istio`, which is YAML; Istio's default is ALLOW_ANY."""
    import yaml

    text = mapping(mapping(config.only).get("data")).get("mesh", "")
    try:
        content = yaml.safe_load(str(text))
    except (yaml.YAMLError, RecursionError, ValueError):
        return ""
    return str(mapping(mapping(content).get("outboundTrafficPolicy")).get("mode") or "ALLOW_ANY")


def _selector(sidecar: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(mapping(sidecar.get("spec")).get("workloadSelector")).get("labels"))


def _selects(sidecar: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    selector = _selector(sidecar)
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _is_known(host: str, entries: Look, namespace: str) -> bool:
    return any(_covers(each, host) for each in entries.items if _is_visible(each, namespace))


def _covers(entry: Mapping[str, Any], host: str) -> bool:
    hosts: Iterable[object] = mapping(entry.get("spec")).get("hosts") or ()
    return any(
        known == host or (str(known).startswith("*.") and host.endswith(str(known)[1:])) for known in hosts
    )


def _is_visible(entry: Mapping[str, Any], namespace: str) -> bool:
    """Whether `exportTo` shows the entry to the namespace; without it, it is shown to all."""
    wanted = mapping(entry.get("spec")).get("exportTo") or ["*"]
    own = mapping(entry.get("metadata")).get("namespace") == namespace
    return "*" in wanted or namespace in wanted or ("." in wanted and own)
