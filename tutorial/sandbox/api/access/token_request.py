"""A service account's `token`: what is asked of it, and its answer. Called by the handlers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.access.tokens import BINDABLE, ISSUER, ServiceAccountTokens
from tutorial.sandbox.api.metadata import timestamp
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.resources import SERVICE_ACCOUNT, TOKEN_REQUEST
from tutorial.sandbox.schemas import FieldError, invalid
from tutorial.sandbox.schemas.errors import invalid_value

Object = dict[str, Any]

DEFAULT_SECONDS = 3600
_SHORTEST_SECONDS = 600
_LONGEST_SECONDS = 1 << 32


def issue_token(
    objects: ObjectsFacade,
    tokens: ServiceAccountTokens,
    namespace: str,
    name: str,
    request: Object,
    *,
    dry_run: bool = False,
) -> Object:
    """The TokenRequest with its token; a trial gets none.

    Args:
        namespace, name: the service account.
        request: a decoded TokenRequest.

    Raises:
        ApiError: no such account or bound object (404), another object (409), or a lifetime that
            cannot be (422).
    """
    account = objects.get(SERVICE_ACCOUNT, namespace, name)
    spec: Object = {
        "audiences": [ISSUER],
        "expirationSeconds": DEFAULT_SECONDS,
        "boundObjectRef": None,
        **{key: value for key, value in (request.get("spec") or {}).items() if value},
    }
    seconds: int = spec["expirationSeconds"]
    faults = _lifetime_faults(seconds)
    if faults:
        raise invalid(TOKEN_REQUEST, "", faults)
    reference = spec["boundObjectRef"]
    bound = _bound_object(objects, account, reference) if reference else None
    status: Object = {"token": "", "expirationTimestamp": None}
    if not dry_run:
        token, ends = tokens.issue(account, seconds, spec["audiences"], bound)
        ends_at = timestamp(datetime.fromtimestamp(ends, UTC))
        status = {"token": token, "expirationTimestamp": ends_at}
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": timestamp()}
    return {
        "kind": TOKEN_REQUEST.kind,
        "apiVersion": TOKEN_REQUEST.api_version,
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def _lifetime_faults(seconds: int) -> list[FieldError]:
    field = "spec.expirationSeconds"
    if seconds < _SHORTEST_SECONDS:
        return [invalid_value(field, seconds, "may not specify a duration less than 10 minutes")]
    if seconds > _LONGEST_SECONDS:
        return [invalid_value(field, seconds, "may not specify a duration larger than 2^32 seconds")]
    return []


def _bound_object(objects: ObjectsFacade, account: Object, reference: Object) -> Object:
    kind, name = reference.get("kind", ""), reference.get("name", "")
    resource = BINDABLE.get(kind) if reference.get("apiVersion") == "v1" else None
    if resource is None:
        group, _, version = reference.get("apiVersion", "").rpartition("/")
        shown = f"{group}/{version}, Kind={kind}"
        raise errors.bad_request(f"cannot bind token to object of type {shown}")
    found = objects.get(resource, account["metadata"]["namespace"], name)
    owner = account["metadata"]["name"]
    if kind == "Pod" and found["spec"]["serviceAccountName"] != owner:
        other = found["spec"]["serviceAccountName"]
        raise errors.bad_request(
            f'cannot bind token for serviceaccount "{owner}" to pod running with serviceaccount "{other}"'
        )
    uid = reference.get("uid")
    if uid and uid != found["metadata"]["uid"]:
        why = (
            f"the UID in the bound object reference ({uid}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise errors.conflict(resource, name, why)
    return found
