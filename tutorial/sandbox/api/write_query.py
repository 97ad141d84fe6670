"""What a write's query asks for: who writes, for real or as a trial, how strictly.

Called by `tutorial.sandbox.api.handlers`. Wording of refusals: kube-apiserver 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from tutorial.sandbox.api import bodies, errors
from tutorial.sandbox.api.options import DeleteOptions, WriteOptions
from tutorial.sandbox.api.patching import APPLY
from tutorial.sandbox.api.routes import Target
from tutorial.sandbox.schemas import FieldError
from tutorial.sandbox.schemas.errors import forbidden, invalid_value, required, too_long, unsupported

_KINDS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions", "DELETE": "DeleteOptions"}
_STRICTNESS = ("", "Ignore", "Strict", "Warn")
_LONGEST_MANAGER = 128


def write_options(request: web.BaseRequest, target: Target) -> WriteOptions:
    """What the query of a POST, PUT or PATCH asks for.

    Raises:
        ApiError: 422: an unknown `dryRun` or `fieldValidation`, or no name for a manager.
    """
    query = request.query
    _refuse(request, [*_trial_faults(request), *_manager_faults(request), *_strictness_faults(request)])
    agent = request.headers.get("User-Agent", "").partition("/")[0]
    return WriteOptions(
        manager=query.get("fieldManager") or agent[:_LONGEST_MANAGER] or "unknown",
        subresource=target.subresource,
        dry_run=query.get("dryRun", "") == "All",
        strictness=query.get("fieldValidation") or "Warn",
    )


def repeated_fields(options: WriteOptions, body: bytes) -> list[str]:
    """The fields that a body has twice, for those who want to know."""
    return [] if options.strictness == "Ignore" else bodies.repeated_fields(body)


def delete_options(request: web.BaseRequest, body: bytes) -> DeleteOptions:
    """DELETE's body, with what the query adds to it.

    Raises:
        ApiError: 400: the body cannot be read; 422: an unknown `dryRun`.
    """
    options = bodies.parse_delete_options(body, request.headers.get("Content-Type", ""))
    _refuse(request, list(_trial_faults(request)))
    grace = request.query.get("gracePeriodSeconds", "")
    return DeleteOptions(
        uid=options.uid,
        resource_version=options.resource_version,
        grace_seconds=int(grace) if grace.isdecimal() else options.grace_seconds,
        propagation=request.query.get("propagationPolicy") or options.propagation,
        dry_run=request.query.get("dryRun", "") == "All" or options.dry_run,
    )


def flag(request: web.BaseRequest, name: str) -> bool:
    """Whether a parameter is set to true."""
    return request.query.get(name, "") in ("true", "1")


def _refuse(request: web.BaseRequest, faults: list[FieldError]) -> None:
    if faults:
        raise errors.invalid_options(_KINDS[request.method], faults)


def _trial_faults(request: web.BaseRequest) -> Iterator[FieldError]:
    values = request.query.getall("dryRun", [])
    if any(value not in ("", "All") for value in values):
        yield unsupported("dryRun", values, ("All",))


def _manager_faults(request: web.BaseRequest) -> Iterator[FieldError]:
    manager = request.query.get("fieldManager", "")
    applies = request.headers.get("Content-Type", "").startswith(APPLY)
    if request.method == "PATCH" and not applies and flag(request, "force"):
        yield forbidden("force", "may not be specified for non-apply patch")
    if applies and not manager:
        yield required("fieldManager", "is required for apply patch")
    if len(manager.encode()) > _LONGEST_MANAGER:
        yield too_long("fieldManager", _LONGEST_MANAGER)
    if not manager.isprintable():
        yield invalid_value("fieldManager", manager, "should only contain printable characters")


def _strictness_faults(request: web.BaseRequest) -> Iterator[FieldError]:
    strictness = request.query.get("fieldValidation", "")
    if strictness not in _STRICTNESS:
        yield unsupported("fieldValidation", strictness, _STRICTNESS)
