"""Who sends a request. Used by all of `tutorial.sandbox.api.access`.

Source of the names: Kubernetes documentation, "Authenticating" and "Using RBAC Authorization".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

ALL_AUTHENTICATED = "system:authenticated"
ALL_UNAUTHENTICATED = "system:unauthenticated"
ANONYMOUS = "system:anonymous"
MASTERS = "system:masters"
_ACCOUNT_PREFIX = "system:serviceaccount:"


@dataclass(frozen=True)
class User:
    """A name and the groups that roles are bound to; `extra` is what else its token says of it."""

    name: str
    groups: tuple[str, ...]
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_master(self) -> bool:
        """Whether this user may do everything, whatever the roles say."""
        return MASTERS in self.groups

    def to_user_info(self) -> dict[str, object]:
        """The user as Kubernetes' `UserInfo`."""
        info: dict[str, object] = {"username": self.name, "groups": list(self.groups)}
        if self.uid:
            info["uid"] = self.uid
        if self.extra:
            info["extra"] = {key: list(values) for key, values in self.extra.items()}
        return info


_USER = web.RequestKey("user", User)

ADMIN = User("kubernetes-admin", (MASTERS, ALL_AUTHENTICATED))
"""Whoever has the sandbox's own token."""


def account_name(namespace: str, name: str) -> str:
    """The user name of a service account."""
    return f"{_ACCOUNT_PREFIX}{namespace}:{name}"


def account_groups(namespace: str) -> tuple[str, ...]:
    """The groups of every service account of a namespace, but that of all authenticated users."""
    return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")


def split_account_name(name: str) -> tuple[str, str] | None:
    """Namespace and name of the service account that a user name stands for; None for another's."""
    namespace, colon, account = name.removeprefix(_ACCOUNT_PREFIX).partition(":")
    is_account = name.startswith(_ACCOUNT_PREFIX) and colon and namespace and account
    return (namespace, account) if is_account and ":" not in account else None


def remember_user(request: web.BaseRequest, user: User) -> None:
    """Note on the request who sends it."""
    request[_USER] = user


def user_of(request: web.BaseRequest) -> User:
    """Who sends the request, which has been admitted."""
    return request[_USER]
