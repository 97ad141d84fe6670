"""From a request's headers to its user: the sandbox's own token, a service account's, impersonation.

Called by `access.control`. Source of the headers and groups: Kubernetes documentation, "Authenticating"
and "User impersonation".
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from tutorial.sandbox.api.access.attributes import Attributes
from tutorial.sandbox.api.access.rbac import Rbac
from tutorial.sandbox.api.access.tokens import InvalidTokenError, ServiceAccountTokens
from tutorial.sandbox.api.access.user import (
    ADMIN,
    ALL_AUTHENTICATED,
    ALL_UNAUTHENTICATED,
    ANONYMOUS,
    User,
    account_groups,
    split_account_name,
)
from tutorial.sandbox.status import ApiError

_BEARER = "Bearer "
_PREFIX = "impersonate-"
_EXTRA = "impersonate-extra-"
_AUTHENTICATION = "authentication.k8s.io"


class Authenticator:
    """Tells who sends a request.

    Args:
        admin_token: the token of the sandbox's own kubeconfig.
    """

    def __init__(self, admin_token: str, tokens: ServiceAccountTokens) -> None:
        self._admin = admin_token.encode()
        self._tokens = tokens

    def user(self, headers: Mapping[str, str]) -> User:
        """Whose token the request carries.

        Raises:
            ApiError: 401: none, or one that is not good.
        """
        sent = headers.get("Authorization", "")
        if sent.startswith(_BEARER):
            token = sent.removeprefix(_BEARER)
            if self.is_admin(token):
                return ADMIN
            try:
                return self._tokens.user(token)
            except InvalidTokenError:
                pass
        raise ApiError(401, "Unauthorized", "Unauthorized")

    def is_admin(self, token: str) -> bool:
        """Whether it is the sandbox's own token."""
        return hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self._admin)


def impersonated(headers: Any, user: User, rbac: Rbac) -> User:
    """The user that a request is to be answered as: `user`, or the one that its headers name.

    Args:
        headers: a multi-mapping of names in any case.

    Raises:
        ApiError: 403: `user` may not act as that one; 500: groups without a user.
    """
    asked = [(name.lower(), value) for name, value in headers.items() if name[:12].lower() == _PREFIX]
    if not asked:
        return user
    name = next((value for header, value in asked if header == "impersonate-user"), "")
    groups = [value for header, value in asked if header == "impersonate-group"]
    uid = next((value for header, value in asked if header == "impersonate-uid"), "")
    extra: dict[str, tuple[str, ...]] = {}
    for header, value in asked:
        if header.startswith(_EXTRA):
            key = unquote(header.removeprefix(_EXTRA))
            extra[key] = (*extra.get(key, ()), value)
    if not name:
        message = "Internal error occurred: requested a group, uid or extra without impersonating a user"
        raise ApiError(500, "InternalError", message)
    for wanted in _wanted(name, groups, uid, extra):
        rbac.require(user, wanted)
    return User(name, tuple(groups) or _usual_groups(name), uid, extra)


def _wanted(
    name: str, groups: list[str], uid: str, extra: Mapping[str, tuple[str, ...]]
) -> Iterator[Attributes]:
    """Everything that must be allowed, one thing at a time."""
    account = split_account_name(name)
    if account:
        yield Attributes("impersonate", "", "serviceaccounts", namespace=account[0], name=account[1])
    else:
        yield Attributes("impersonate", "", "users", name=name)
    for group in groups:
        yield Attributes("impersonate", "", "groups", name=group)
    if uid:
        yield Attributes("impersonate", _AUTHENTICATION, "uids", name=uid)
    for key, values in extra.items():
        for value in values:
            yield Attributes("impersonate", _AUTHENTICATION, "userextras", key, name=value)


def _usual_groups(name: str) -> tuple[str, ...]:
    if name == ANONYMOUS:
        return (ALL_UNAUTHENTICATED,)
    account = split_account_name(name)
    return (*(account_groups(account[0]) if account else ()), ALL_AUTHENTICATED)
