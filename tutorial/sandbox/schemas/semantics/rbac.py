"""Checks of roles and their bindings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import RBAC_GROUP
from tutorial.sandbox.schemas.errors import FieldError, invalid_value, required, unsupported
from tutorial.sandbox.schemas.semantics import names

_SUBJECTS = ("ServiceAccount", "User", "Group")


def validate_role(role: Object) -> Iterator[FieldError]:
    """The faults of a Role's rules."""
    yield from _rules(role, namespaced=True)


def validate_cluster_role(role: Object) -> Iterator[FieldError]:
    """The faults of a ClusterRole's rules."""
    yield from _rules(role, namespaced=False)


def validate_role_binding(binding: Object) -> Iterator[FieldError]:
    """The faults of a RoleBinding, which may name a Role or a ClusterRole."""
    yield from _role_reference(binding.get("roleRef", {}), ("Role", "ClusterRole"))
    yield from _subjects(binding, namespaced=True)


def validate_cluster_role_binding(binding: Object) -> Iterator[FieldError]:
    """The faults of a ClusterRoleBinding."""
    yield from _role_reference(binding.get("roleRef", {}), ("ClusterRole",))
    yield from _subjects(binding, namespaced=False)


def validate_binding_update(old: Object, new: Object) -> Iterator[FieldError]:
    """The role stays."""
    if old.get("roleRef") != new.get("roleRef"):
        yield invalid_value("roleRef", new.get("roleRef"), "cannot change roleRef")


def _rules(role: Object, *, namespaced: bool) -> Iterator[FieldError]:
    for index, rule in enumerate(role.get("rules") or ()):
        yield from _rule(f"rules[{index}]", rule, namespaced=namespaced)


def _rule(field: str, rule: dict[str, Any], *, namespaced: bool) -> Iterator[FieldError]:
    if not rule.get("verbs"):
        yield required(f"{field}.verbs", "verbs must contain at least one value")
    urls = rule.get("nonResourceURLs")
    if urls:
        if namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            yield invalid_value(f"{field}.nonResourceURLs", urls, detail)
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid_value(f"{field}.nonResourceURLs", urls, detail)
        return
    if not rule.get("apiGroups"):
        yield required(f"{field}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield required(f"{field}.resources", "resource rules must supply at least one resource")
    if rule.get("resourceNames") and len(rule.get("resources", ())) > 1:
        yield required(f"{field}.resourceNames", "resource names cannot apply to multiple resources")


def _role_reference(role: dict[str, Any], kinds: tuple[str, ...]) -> Iterator[FieldError]:
    if role.get("apiGroup") != RBAC_GROUP:
        yield unsupported("roleRef.apiGroup", role.get("apiGroup", ""), (RBAC_GROUP,))
    if role.get("kind") not in kinds:
        yield unsupported("roleRef.kind", role.get("kind", ""), kinds)
    if role.get("name"):
        yield from names.named("roleRef.name", role["name"], names.path_segment)
    else:
        yield required("roleRef.name")


def _subjects(binding: Object, *, namespaced: bool) -> Iterator[FieldError]:
    for index, subject in enumerate(binding.get("subjects") or ()):
        yield from _subject(f"subjects[{index}]", subject, namespaced=namespaced)


def _subject(field: str, subject: dict[str, Any], *, namespaced: bool) -> Iterator[FieldError]:
    name, kind, group = subject.get("name", ""), subject.get("kind", ""), subject.get("apiGroup", "")
    if not name:
        yield required(f"{field}.name")
    if kind == "ServiceAccount":
        if name:
            yield from names.named(f"{field}.name", name, names.dns_subdomain)
        if group:
            yield unsupported(f"{field}.apiGroup", group, ("",))
        if not namespaced and not subject.get("namespace"):
            yield required(f"{field}.namespace")
    elif kind in ("User", "Group"):
        if not name:
            yield invalid_value(f"{field}.name", name, f"{kind.lower()} name cannot be empty")
        if group != RBAC_GROUP:
            yield unsupported(f"{field}.apiGroup", group, (RBAC_GROUP,))
    else:
        yield unsupported(f"{field}.kind", kind, _SUBJECTS)
