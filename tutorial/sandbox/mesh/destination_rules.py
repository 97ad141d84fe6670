"""Which DestinationRule a proxy applies to a service, and what it says about one of its ports.

Used by `envoy.clusters`. Of a rule's traffic policy the sandbox's proxies follow `tls`,
`loadBalancer.simple` and `portLevelSettings`; subsets need a VirtualService and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tutorial.sandbox.mesh.registry import Service, host_name
from tutorial.sandbox.ports import Object

ROOT_NAMESPACE = "istio-system"

Policy = dict[str, Any]


class VisibleRules:
    """The rules that the proxies of one namespace may follow, by the namespace that they are in."""

    def __init__(self, rules: Iterable[Object], proxy_namespace: str) -> None:
        self._proxy_namespace = proxy_namespace
        self._by_namespace: dict[str, list[Object]] = {}
        for rule in rules:
            if _exported(rule, proxy_namespace):
                self._by_namespace.setdefault(rule["metadata"]["namespace"], []).append(rule)

    def rule_for(self, service: Service) -> Object | None:
        """The rule in force, searched as istiod does: first in the proxy's namespace, then in the
        service's, then in the root namespace. In one namespace the most specific host wins, of
        several with the same host the oldest."""
        for namespace in dict.fromkeys((self._proxy_namespace, service.namespace, ROOT_NAMESPACE)):
            rules = self._by_namespace.get(namespace, ())
            matching = [rule for rule in rules if _matches(rule_host(rule), service.host)]
            if matching:
                return min(matching, key=_preference)
        return None


def policy_for(rule: Object | None, port: int) -> Policy:
    """The traffic policy for a service port: the settings of the port, when the rule has such,
    stand in for all others."""
    if rule is None:
        return {}
    policy: Policy = rule["spec"].get("trafficPolicy") or {}
    levels: Sequence[Policy] = policy.get("portLevelSettings") or ()
    for level in levels:
        if (level.get("port") or {}).get("number") == port:
            return level
    return policy


def rule_host(rule: Object) -> str:
    """The host that a rule is for; a short name is one of the rule's own namespace."""
    host: str = rule["spec"].get("host", "").lower()
    if "." in host or "*" in host:
        return host
    return host_name(rule["metadata"]["namespace"], host)


def _matches(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*") else host == pattern


def _exported(rule: Object, proxy_namespace: str) -> bool:
    targets = rule["spec"].get("exportTo") or ("*",)
    namespace = rule["metadata"]["namespace"]
    return "*" in targets or proxy_namespace in targets or ("." in targets and namespace == proxy_namespace)


def _preference(rule: Object) -> tuple[bool, int, str, str]:
    host = rule_host(rule)
    metadata = rule["metadata"]
    return (host.startswith("*"), -len(host), metadata.get("creationTimestamp", ""), metadata["name"])
