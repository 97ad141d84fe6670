"""The gate that every request passes: who asks, as whom, and whether that is allowed.

Made by `tutorial.sandbox.api.server`; used by it and by the handlers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aiohttp import web

from tutorial.sandbox.api.access.attributes import request_attributes
from tutorial.sandbox.api.access.authentication import Authenticator, impersonated
from tutorial.sandbox.api.access.escalation import confirm_no_escalation
from tutorial.sandbox.api.access.rbac import Rbac
from tutorial.sandbox.api.access.tokens import ServiceAccountTokens
from tutorial.sandbox.api.access.user import remember_user, user_of
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.resources import RBAC_GROUP, ResourceType

Object = dict[str, Any]


class AccessControl:
    """Authentication and authorization over the stored accounts, roles and bindings.

    Args:
        admin_token: whoever sends it may do everything.
    """

    def __init__(self, objects: ObjectsFacade, admin_token: str) -> None:
        self.rbac = Rbac(objects)
        self.tokens = ServiceAccountTokens(objects)
        self.authenticator = Authenticator(admin_token, self.tokens)

    def admit(self, request: web.BaseRequest) -> None:
        """Note on the request whose it is.

        Raises:
            ApiError: 401: nobody's that is known; 403: its user may not do that.
        """
        user = self.authenticator.user(request.headers)
        user = impersonated(request.headers, user, self.rbac)
        remember_user(request, user)
        if not user.is_master:
            url = request.rel_url
            self.rbac.require(user, request_attributes(request.method, url.raw_path, url.query))

    def require_also(self, request: web.BaseRequest, verb: str) -> None:
        """Refuse a request whose user may not do `verb`, too, with what it names.

        Raises:
            ApiError: 403.
        """
        user = user_of(request)
        if not user.is_master:
            url = request.rel_url
            wanted = request_attributes(request.method, url.raw_path, url.query)
            self.rbac.require(user, replace(wanted, verb=verb))

    def grant_check(
        self, request: web.BaseRequest, resource: ResourceType
    ) -> Callable[[Object | None, Object], None] | None:
        """What a role or binding has to pass before it is stored (see `WriteOptions.confirm`); None
        where there is nothing to check."""
        user = user_of(request)
        if resource.group != RBAC_GROUP or user.is_master:
            return None
        return lambda old, new: confirm_no_escalation(self.rbac, user, resource, old, new)
