"""Whether quotas and limit ranges leave room for the objects and pods of the steps. Pure.

Called by `tutorial.preflight.check`. A quota of CPU or memory also refuses every container that does
not say how much it wants, unless a LimitRange says it for it (Kubernetes, "Resource Quotas").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from tutorial.backends.discovery import Served
from tutorial.preflight.finding import Finding
from tutorial.preflight.place import Place
from tutorial.preflight.quantities import quantity
from tutorial.preflight.requirements import Requirements
from tutorial.preflight.survey import Look, Survey
from tutorial.preflight.workloads import mapping

_COMPUTE = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}
SIDECAR = {
    "name": "istio-proxy",
    "resources": {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"cpu": "2", "memory": "1Gi"},
    },
}
"""The container that injection adds, with Istio's default resources."""


def check_quotas(requirements: Requirements, survey: Survey, place: Place) -> Finding:
    """One finding for all namespaces that pods or objects are made in."""
    troubles: dict[str, list[str]] = {}
    perhaps: list[str] = []
    quotas = 0
    for namespace in requirements.namespaces:
        look = survey.quotas.get(namespace, Look())
        if look.refused:
            perhaps.append(f"the quotas of {namespace} may not be seen")
        needs = _Needs(requirements, namespace, survey)
        against: list[str] = []
        for each in look.items:
            quotas += 1
            name = mapping(each.get("metadata")).get("name")
            found = [f"{reason} (quota {name} of {namespace})" for reason in needs.refusals(each)]
            (perhaps if _is_scoped(each) else against).extend(found)
        against += [f"{reason} (limit range of {namespace})" for reason in needs.over_maximum()]
        if against:
            troubles[namespace] = against
    if troubles:
        why = "; ".join(reason for reasons in troubles.values() for reason in reasons)
        return Finding("quota", "fail", why, _way_out(troubles, requirements.namespace, place))
    if perhaps:
        return Finding("quota", "unknown", "; ".join(perhaps))
    why = "there are none" if not quotas else f"{quotas} quota{'s' * (quotas > 1)}, with room for the steps"
    return Finding("quota", "pass", why)


def _way_out(namespaces: Iterable[str], first: str, place: Place) -> str:
    """What to do about the quotas of these namespaces; `first` is the run's own."""
    others = " ".join(f"--set {'' if each == first else 'PLAIN_'}NAMESPACE=..." for each in namespaces)
    commands = "; ".join(place.kubectl("describe", "quota,limits", "-n", each) for each in namespaces)
    return f"Ask for room, or use another namespace: {others}. See it with: {commands}"


class _Needs:
    """What the steps need in one namespace."""

    def __init__(self, requirements: Requirements, namespace: str, survey: Survey) -> None:
        self._counts = _counts(requirements, namespace, survey.served)
        self._sidecar = requirements.sidecars.get(namespace, "none") != "none" and (
            survey.facts.get("mesh") == "sidecar"
        )
        self._workloads = [each for each in requirements.workloads if each.namespace == namespace]
        self._limits = [
            mapping(limit)
            for each in survey.limit_ranges.get(namespace, Look()).items
            for limit in mapping(each.get("spec")).get("limits") or ()
            if mapping(limit).get("type") == "Container"
        ]

    def refusals(self, quota: Mapping[str, Any]) -> Iterator[str]:
        """Why the quota would refuse something."""
        status = mapping(quota.get("status"))
        hard = mapping(status.get("hard")) or mapping(mapping(quota.get("spec")).get("hard"))
        used = mapping(status.get("used"))
        for key, allowed in hard.items():
            if key in _COMPUTE:
                silent = self._silent_containers(*_COMPUTE[key])
                if silent:
                    yield f"it wants every container to name its {key}, and {', '.join(silent)} does not"
                    continue
            needed = self._compute(*_COMPUTE[key]) if key in _COMPUTE else Decimal(self._counts[key])
            limit, in_use = quantity(allowed), quantity(used.get(key, 0)) or Decimal(0)
            if limit is not None and needed and in_use + needed > limit:
                more = f"{needed.normalize():f}"
                yield f"{key} is {used.get(key, 0)} of {allowed}, and the steps need {more} more"

    def over_maximum(self) -> Iterator[str]:
        """Containers that want more than a limit range lets one container have."""
        for limit in self._limits:
            for resource, most in mapping(limit.get("max")).items():
                for container, _ in self._containers():
                    wanted, highest = quantity(_resource(container, "limits", resource)), quantity(most)
                    if wanted is not None and highest is not None and wanted > highest:
                        name = container.get("name")
                        yield f"{name} may use {resource} up to {most}, and is set to use more"

    def _containers(self) -> Iterator[tuple[Mapping[str, Any], int]]:
        """Each container with the number of pods that it runs in."""
        for workload in self._workloads:
            for container in (*workload.containers, *([SIDECAR] if self._sidecar else ())):
                yield container, workload.replicas

    def _silent_containers(self, part: str, resource: str) -> list[str]:
        """The containers that do not say how much they want, and for which no limit range does."""
        if self._default(part, resource) is not None:
            return []
        return [
            str(container.get("name"))
            for container, _ in self._containers()
            if _resource(container, part, resource) is None
        ]

    def _compute(self, part: str, resource: str) -> Decimal:
        total = Decimal(0)
        for container, pods in self._containers():
            wanted = _resource(container, part, resource)
            amount = quantity(self._default(part, resource) if wanted is None else wanted)
            total += (amount or Decimal(0)) * pods
        return total

    def _default(self, part: str, resource: str) -> object:
        keys = ("default", "max") if part == "limits" else ("defaultRequest", "default", "max")
        for limit in self._limits:
            for key in keys:
                if resource in mapping(limit.get(key)):
                    return mapping(limit.get(key))[resource]
        return None


def _counts(requirements: Requirements, namespace: str, served: Served) -> Counter[str]:
    """How many objects of each kind the steps make there, by the keys of quotas: `pods`, `services`,
    `count/deployments.apps`."""
    counts: Counter[str] = Counter()
    for reference in requirements.creates:
        resource = next((each for each in served.resources if each.answers_to(reference.kind)), None)
        if reference.namespace == namespace and resource is not None:
            counts[resource.plural] += 1
            counts[_count_key(resource.plural, resource.group)] += 1
    for workload in requirements.workloads:
        if workload.namespace == namespace:
            counts["pods"] += workload.replicas
            counts[_count_key("pods", "")] += workload.replicas
            counts[_count_key("replicasets", "apps")] += workload.kind == "deployment"
    return counts


def _count_key(plural: str, group: str) -> str:
    return f"count/{plural}.{group}" if group else f"count/{plural}"


def _resource(container: Mapping[str, Any], part: str, resource: str) -> object:
    """What the container asks for; a limit counts as the request where there is none."""
    resources = mapping(container.get("resources"))
    found = mapping(resources.get(part)).get(resource)
    if found is None and part == "requests":
        found = mapping(resources.get("limits")).get(resource)
    return found


def _is_scoped(quota: Mapping[str, Any]) -> bool:
    """Whether the quota counts some pods only, so that it may not count these."""
    spec = mapping(quota.get("spec"))
    return bool(spec.get("scopes") or spec.get("scopeSelector"))
