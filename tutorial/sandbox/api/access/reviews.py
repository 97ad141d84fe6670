"""Questions about rights and identity: answered, never stored. Called by `tutorial.sandbox.api.handlers`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tutorial.sandbox.api.access.attributes import Attributes
from tutorial.sandbox.api.access.control import AccessControl
from tutorial.sandbox.api.access.tokens import ISSUER, InvalidTokenError
from tutorial.sandbox.api.access.user import ADMIN, User
from tutorial.sandbox.api.metadata import timestamp
from tutorial.sandbox.resources import (
    LOCAL_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    TOKEN_REVIEW,
    ResourceType,
)
from tutorial.sandbox.schemas import FieldError, invalid
from tutorial.sandbox.schemas.errors import invalid_value

Object = dict[str, Any]
Answer = Callable[[AccessControl, User, Object], Object]

_ONE_OF = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


def answer(
    resource: ResourceType, review: Object, namespace: str | None, user: User, access: AccessControl
) -> Object:
    """The review with its status.

    Args:
        review: decoded, of the kind of `resource`.
        namespace: of the URL, for a local review.
        user: who asks.

    Raises:
        ApiError: 422: the question is none.
    """
    faults = _faults(resource, review, namespace)
    if faults:
        raise invalid(resource, "", faults)
    status = _ANSWERS[resource](access, user, review.get("spec") or {})
    metadata = {**review.get("metadata", {}), "creationTimestamp": timestamp()}
    if resource is LOCAL_SUBJECT_ACCESS_REVIEW:
        metadata["namespace"] = namespace
    return {**review, "metadata": metadata, "status": status}


def _faults(resource: ResourceType, review: Object, namespace: str | None) -> list[FieldError]:
    spec = review.get("spec") or {}
    if resource not in (SELF_SUBJECT_ACCESS_REVIEW, SUBJECT_ACCESS_REVIEW, LOCAL_SUBJECT_ACCESS_REVIEW):
        return []
    asked = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    faults = []
    if all(asked) or not any(asked):
        faults.append(invalid_value("spec.resourceAttributes", asked[0], _ONE_OF))
    if resource is not SELF_SUBJECT_ACCESS_REVIEW and not spec.get("user") and not spec.get("groups"):
        faults.append(invalid_value("spec.user", "", "at least one of user or group must be specified"))
    if resource is LOCAL_SUBJECT_ACCESS_REVIEW:
        if asked[1]:
            detail = "disallowed on this kind of request"
            faults.append(invalid_value("spec.nonResourceAttributes", asked[1], detail))
        elif asked[0] and asked[0].get("namespace") != namespace:
            field = "spec.resourceAttributes.namespace"
            faults.append(
                invalid_value(field, asked[0].get("namespace", ""), "must match metadata.namespace")
            )
    return faults


def _who_am_i(access: AccessControl, user: User, spec: Object) -> Object:
    del access, spec
    return {"userInfo": user.to_user_info()}


def _may_i(access: AccessControl, user: User, spec: Object) -> Object:
    verdict = access.rbac.decide(user, _asked_attributes(spec))
    return {"allowed": verdict.allowed, **({"reason": verdict.reason} if verdict.reason else {})}


def _may_that_one(access: AccessControl, user: User, spec: Object) -> Object:
    del user
    return _may_i(access, User(spec.get("user", ""), tuple(spec.get("groups") or ())), spec)


def _my_rules(access: AccessControl, user: User, spec: Object) -> Object:
    rules = access.rbac.rules(user, spec.get("namespace", ""))
    resource_rules = [_of(rule, "apiGroups", "resources", "resourceNames") for rule in rules]
    url_rules = [_of(rule, "nonResourceURLs") for rule in rules]
    return {
        "resourceRules": [rule for rule in resource_rules if "resources" in rule],
        "nonResourceRules": [rule for rule in url_rules if "nonResourceURLs" in rule],
        "incomplete": False,
    }


def _whose_token(access: AccessControl, user: User, spec: Object) -> Object:
    del user
    token, audiences = spec.get("token", ""), spec.get("audiences") or [ISSUER]
    if access.authenticator.is_admin(token):
        return {"authenticated": True, "user": ADMIN.to_user_info(), "audiences": audiences}
    try:
        found = access.tokens.user(token, audiences)
        shared = [each for each in audiences if each in access.tokens.audiences(token)]
    except InvalidTokenError as error:
        return {"user": {}, "error": f"invalid bearer token: {error}"}
    return {"authenticated": True, "user": found.to_user_info(), "audiences": shared}


def _asked_attributes(spec: Object) -> Attributes:
    what = spec.get("resourceAttributes")
    if what is None:
        what = spec["nonResourceAttributes"]
        return Attributes(what.get("verb", ""), path=what.get("path", ""))
    return Attributes(
        what.get("verb", ""),
        what.get("group", ""),
        what.get("resource", ""),
        what.get("subresource", ""),
        what.get("namespace", ""),
        what.get("name", ""),
    )


def _of(rule: Object, *fields: str) -> Object:
    """The verbs and those of the fields that the rule has."""
    return {field: rule[field] for field in ("verbs", *fields) if rule.get(field)}


_ANSWERS: dict[ResourceType, Answer] = {
    SELF_SUBJECT_REVIEW: _who_am_i,
    SELF_SUBJECT_ACCESS_REVIEW: _may_i,
    SELF_SUBJECT_RULES_REVIEW: _my_rules,
    SUBJECT_ACCESS_REVIEW: _may_that_one,
    LOCAL_SUBJECT_ACCESS_REVIEW: _may_that_one,
    TOKEN_REVIEW: _whose_token,
}
