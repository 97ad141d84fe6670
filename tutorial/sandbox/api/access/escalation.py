"""Nobody gives away what they do not have: the check of roles and bindings on their way in.

Called by `access.control`. Source of the rules and words: Kubernetes documentation, "Privilege
escalation prevention and bootstrapping", and the answers of a 1.36 server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.access.attributes import Attributes
from tutorial.sandbox.api.access.rbac import Rbac, Rule, covers_resource, covers_url
from tutorial.sandbox.api.access.user import User
from tutorial.sandbox.resources import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    RBAC_GROUP,
    ROLE,
    ROLE_BINDING,
    ResourceType,
)

Object = dict[str, Any]

_EVERYTHING: tuple[Rule, ...] = (
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
)
_SHOWN = (
    ("apiGroups", "APIGroups"),
    ("resources", "Resources"),
    ("nonResourceURLs", "NonResourceURLs"),
    ("resourceNames", "ResourceNames"),
    ("verbs", "Verbs"),
)


def confirm_no_escalation(
    rbac: Rbac, user: User, resource: ResourceType, old: Object | None, new: Object
) -> None:
    """Refuse a role or binding that gives more than its writer has.

    Args:
        old: what is stored now; None for a new object.

    Raises:
        ApiError: 403; 404 when a binding's role is not there.
    """
    if user.is_master:
        return
    if resource in (ROLE, CLUSTER_ROLE):
        _confirm_role(rbac, user, resource, old, new)
    elif resource in (ROLE_BINDING, CLUSTER_ROLE_BINDING):
        _confirm_binding(rbac, user, resource, new)


def _confirm_role(rbac: Rbac, user: User, resource: ResourceType, old: Object | None, new: Object) -> None:
    unchanged = old is not None and all(
        (old.get(part) or None) == (new.get(part) or None) for part in ("rules", "aggregationRule")
    )
    namespace = new["metadata"].get("namespace", "")
    escalate = Attributes(
        "escalate", RBAC_GROUP, resource.plural, namespace=namespace, name=new["metadata"]["name"]
    )
    if unchanged or rbac.decide(user, escalate).allowed:
        return
    aggregated = _EVERYTHING if new.get("aggregationRule") else ()
    _confirm_held(rbac, user, resource, new, (*(new.get("rules") or ()), *aggregated))


def _confirm_binding(rbac: Rbac, user: User, resource: ResourceType, new: Object) -> None:
    reference = new["roleRef"]
    role = CLUSTER_ROLE if reference["kind"] == "ClusterRole" else ROLE
    namespace = new["metadata"].get("namespace", "")
    bind = Attributes("bind", RBAC_GROUP, role.plural, namespace=namespace, name=reference["name"])
    if rbac.decide(user, bind).allowed:
        return
    rules = rbac.role_rules(reference, namespace)
    if rules is None:
        raise errors.not_found(role, reference["name"])
    _confirm_held(rbac, user, resource, new, rules)


def _confirm_held(
    rbac: Rbac, user: User, resource: ResourceType, new: Object, wanted: Sequence[Rule]
) -> None:
    held = rbac.rules(user, new["metadata"].get("namespace", ""))
    lacking = [
        part for rule in wanted for part in _parts(rule) if not any(_covers(has, part) for has in held)
    ]
    if lacking:
        groups = " ".join(json.dumps(group) for group in user.groups)
        listed = "\n".join(sorted({_shown(rule) for rule in _joined(lacking)}))
        why = (
            f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not '
            f"currently held:\n{listed}"
        )
        raise errors.forbidden(resource, new["metadata"]["name"], why)


def _parts(rule: Rule) -> Iterator[Rule]:
    """The rule as rules of one verb and one resource, name or URL each."""
    for verb in rule.get("verbs") or ():
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                part = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                names = rule.get("resourceNames")
                yield from ({**part, "resourceNames": [name]} for name in names) if names else (part,)
        for url in rule.get("nonResourceURLs") or ():
            yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(held: Rule, part: Rule) -> bool:
    """Whether a rule gives all that a rule of one verb gives."""
    if not _holds(held.get("verbs"), part["verbs"][0]):
        return False
    if "nonResourceURLs" in part:
        return any(covers_url(url, part["nonResourceURLs"][0]) for url in held.get("nonResourceURLs") or ())
    names = held.get("resourceNames")
    return (
        _holds(held.get("apiGroups"), part["apiGroups"][0])
        and covers_resource(held.get("resources") or (), part["resources"][0])
        and (not names or set(part.get("resourceNames", [""])) <= set(names))
    )


def _holds(values: Sequence[str] | None, wanted: str) -> bool:
    return values is not None and ("*" in values or wanted in values)


def _joined(parts: Sequence[Rule]) -> list[Rule]:
    """Rules that differ in their verb only become one."""
    found: dict[str, Rule] = {}
    for part in parts:
        key = json.dumps({name: value for name, value in part.items() if name != "verbs"})
        rule = found.setdefault(key, {**part, "verbs": []})
        rule["verbs"] = [*rule["verbs"], *(verb for verb in part["verbs"] if verb not in rule["verbs"])]
    return list(found.values())


def _shown(rule: Rule) -> str:
    texts = (
        f"{label}:[{' '.join(json.dumps(value) for value in rule[field])}]"
        for field, label in _SHOWN
        if rule.get(field)
    )
    return "{" + ", ".join(texts) + "}"
