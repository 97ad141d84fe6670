"""Refusals in the API server's words: each function makes the `ApiError` of one kind of refusal.

Used by every module of `tutorial.sandbox.api`. Wording: kube-apiserver 1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.schemas import FieldError
from tutorial.sandbox.status import ApiError


def qualified(resource: ResourceType) -> str:
    """`services`, or `deployments.apps`."""
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def _details(resource: ResourceType, name: str, **more: Any) -> dict[str, Any]:
    details: dict[str, Any] = {"name": name, "group": resource.group, "kind": resource.plural, **more}
    return {key: value for key, value in details.items() if value}


def not_found(resource: ResourceType, name: str) -> ApiError:
    message = f'{qualified(resource)} "{name}" not found'
    return ApiError(404, "NotFound", message, _details(resource, name))


def already_exists(resource: ResourceType, name: str) -> ApiError:
    message = f'{qualified(resource)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(resource, name))


def conflict(resource: ResourceType, name: str, why: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {qualified(resource)} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(resource, name))


def modified(resource: ResourceType, name: str) -> ApiError:
    """The resourceVersion that the caller saw is not the present one."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, why)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def undecodable(resource: ResourceType, why: str) -> ApiError:
    """The body is not an object of this kind."""
    kind = resource.kind
    return bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}')


def forbidden(resource: ResourceType, name: str, why: str, causes: Sequence[dict[str, str]] = ()) -> ApiError:
    details = _details(resource, name, causes=list(causes))
    subject = f'{qualified(resource)} "{name}"' if name else qualified(resource)
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details)


def unknown_resource() -> ApiError:
    """Its empty details tell `kubectl debug` that there are no ephemeral containers at all."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> ApiError:
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message)


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    known = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {known}"
    return ApiError(415, "UnsupportedMediaType", message)


def invalid_options(kind: str, faults: Sequence[FieldError]) -> ApiError:
    """The query of a request (`PatchOptions`, ...) has faults."""
    texts = [str(fault) for fault in faults]
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    causes = [{"reason": f.reason, "message": f.message, "field": f.field} for f in faults]
    details = {"group": "meta.k8s.io", "kind": kind, "causes": causes}
    return ApiError(422, "Invalid", f'{kind}.meta.k8s.io "" is invalid: {listed}', details)


def expired(why: str) -> ApiError:
    return ApiError(410, "Expired", why)
