"""Role-based access control: which rules a user has, and whether one of them allows a request.

Made by `access.control`. Source of the rules and words: Kubernetes documentation, "Using RBAC
Authorization", and the answers of a 1.36 server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tutorial.sandbox.api.access.attributes import Attributes
from tutorial.sandbox.api.access.user import User, account_name
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]
Rule = dict[str, Any]

_DECIDING = (CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING)
_REMEMBERED = 1024


@dataclass(frozen=True)
class Verdict:
    """Whether it is allowed, and why: the binding that allows it, or the roles that are missing."""

    allowed: bool
    reason: str = ""


@dataclass(frozen=True)
class Granted:
    """Rules that a user has through one subject of one binding; none and `missing` where the binding's
    role is not there."""

    rules: Sequence[Rule]
    source: str = ""
    missing: str = ""


class Rbac:
    """The roles and bindings of a cluster. What they give to a user is worked out once after each change
    of any of them."""

    def __init__(self, objects: ObjectsFacade) -> None:
        self._objects = objects
        self._known: dict[tuple[str, tuple[str, ...], str], tuple[Granted, ...]] = {}
        self._revisions: tuple[int, ...] = ()

    def decide(self, user: User, wanted: Attributes) -> Verdict:
        """Whether `user` may do what is wanted."""
        if user.is_master:
            return Verdict(True)
        missing = []
        for granted in self.granted(user, wanted.namespace):
            if any(allows(rule, wanted) for rule in granted.rules):
                return Verdict(True, f"RBAC: allowed by {granted.source}")
            if granted.missing:
                missing.append(granted.missing)
        listed = missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]"
        return Verdict(False, f"RBAC: {listed}" if missing else "")

    def require(self, user: User, wanted: Attributes) -> None:
        """Refuse what `user` may not do.

        Raises:
            ApiError: 403.
        """
        verdict = self.decide(user, wanted)
        if not verdict.allowed:
            raise _forbidden(user, wanted, verdict.reason)

    def rules(self, user: User, namespace: str) -> list[Rule]:
        """All rules that `user` has in a namespace; without one, those of the whole cluster."""
        return [rule for granted in self.granted(user, namespace) for rule in granted.rules]

    def granted(self, user: User, namespace: str) -> tuple[Granted, ...]:
        """What each binding that names `user` gives in a namespace, or without one in the whole cluster."""
        revisions = tuple(map(self._objects.store.latest_revision, _DECIDING))
        if revisions != self._revisions or len(self._known) > _REMEMBERED:
            self._known.clear()
            self._revisions = revisions
        key = (user.name, user.groups, namespace)
        if key not in self._known:
            self._known[key] = tuple(self._granted(user, namespace))
        return self._known[key]

    def _granted(self, user: User, namespace: str) -> Iterator[Granted]:
        for binding in self._objects.list(CLUSTER_ROLE_BINDING):
            yield from self._granted_by(binding, user, "")
        if namespace:
            for binding in self._objects.list(ROLE_BINDING, namespace):
                yield from self._granted_by(binding, user, namespace)

    def role_rules(self, reference: Object, namespace: str) -> Sequence[Rule] | None:
        """The rules of the role that a binding in `namespace` (empty: of the cluster) refers to; None
        when it is not there."""
        if reference["kind"] == "ClusterRole":
            role = self._objects.store.get(CLUSTER_ROLE, None, reference["name"])
        else:
            role = self._objects.store.get(ROLE, namespace, reference["name"])
        return None if role is None else role.get("rules") or ()

    def _granted_by(self, binding: Object, user: User, namespace: str) -> Iterator[Granted]:
        subject = next((s for s in binding.get("subjects") or () if _is_meant(s, user, namespace)), None)
        if subject is None:
            return
        reference = binding["roleRef"]
        rules = self.role_rules(reference, namespace)
        if rules is None:
            kind = f"{reference['kind'].lower()}.{reference['apiGroup']}"
            yield Granted((), missing=f'{kind} "{reference["name"]}" not found')
        else:
            yield Granted(rules, _described(binding, subject, namespace))


def allows(rule: Rule, wanted: Attributes) -> bool:
    """Whether one rule allows what is wanted."""
    if not _has(rule.get("verbs"), wanted.verb):
        return False
    if wanted.path:
        return any(covers_url(url, wanted.path) for url in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames")
    return (
        _has(rule.get("apiGroups"), wanted.group)
        and covers_resource(rule.get("resources") or (), wanted.qualified)
        and (not names or wanted.name in names)
    )


def covers_resource(resources: Sequence[str], qualified: str) -> bool:
    """Whether a rule's resources hold `pods` or `pods/exec`; `*/exec` is that of every kind."""
    if "*" in resources or qualified in resources:
        return True
    _, slash, subresource = qualified.partition("/")
    return bool(slash) and f"*/{subresource}" in resources


def covers_url(pattern: str, path: str) -> bool:
    """Whether a rule's URL, which may end in `*`, holds a path."""
    return path == pattern or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))


def _has(values: Sequence[str] | None, wanted: str) -> bool:
    return values is not None and ("*" in values or wanted in values)


def _is_meant(subject: Object, user: User, namespace: str) -> bool:
    name: str = subject["name"]
    if subject["kind"] == "ServiceAccount":
        space = subject.get("namespace") or namespace
        return bool(space) and user.name == account_name(space, name)
    return name in user.groups if subject["kind"] == "Group" else name == user.name


def _described(binding: Object, subject: Object, namespace: str) -> str:
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    name = binding["metadata"]["name"] + (f"/{namespace}" if namespace else "")
    role = f'{binding["roleRef"]["kind"]} "{binding["roleRef"]["name"]}"'
    who = subject["name"]
    if subject["kind"] == "ServiceAccount":
        who += f"/{subject.get('namespace') or namespace}"
    return f'{kind} "{name}" of {role} to {subject["kind"]} "{who}"'


def _forbidden(user: User, wanted: Attributes, reason: str) -> ApiError:
    if wanted.path:
        return ApiError(
            403,
            "Forbidden",
            f'forbidden: User "{user.name}" cannot {wanted.verb} path "{wanted.path}"',
            {},
        )
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    why = (
        f'User "{user.name}" cannot {wanted.verb} resource "{wanted.qualified}" '
        f'in API group "{wanted.group}" {where}'
    )
    what = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
    subject = f'{what} "{wanted.name}"' if wanted.name else what
    details = {"name": wanted.name, "group": wanted.group, "kind": wanted.resource}
    return ApiError(
        403,
        "Forbidden",
        f"{subject} is forbidden: {why}" + (f": {reason}" if reason else ""),
        {key: value for key, value in details.items() if value},
    )
