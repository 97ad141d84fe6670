"""PATCH: a body of one of four media types becomes a change of the present object.

Called by `tutorial.sandbox.api.handlers`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.bodies import check_metadata, parse_document
from tutorial.sandbox.api.json_patch import JsonPatchError, json_patch, merge_patch
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.api.options import WriteOptions
from tutorial.sandbox.api.server_side_apply import apply_configuration
from tutorial.sandbox.api.strategic_merge import strategic_merge
from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.schemas import DecodingError
from tutorial.sandbox.schemas.errors import invalid_value
from tutorial.sandbox.schemas.go_json import GoSyntaxError, loads
from tutorial.sandbox.schemas.go_types import go_text
from tutorial.sandbox.schemas.scalars import json_word
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
_GO_MAP = "map[string]interface {}"


def media_types(resource: ResourceType) -> tuple[str, ...]:
    """The patches that a kind understands; custom resources have no merge keys."""
    if resource.custom:
        return (JSON_PATCH, MERGE_PATCH, APPLY)
    return (JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY)


def patch_function(
    objects: ObjectsFacade, resource: ResourceType, media_type: str, body: bytes, options: WriteOptions
) -> Callable[[Object], Object]:
    """The change that a patch (all but server-side apply) makes to an object of its own copy. Has
    `options` explain a result that is no such object as this patch's fault.

    Raises:
        ApiError: 415 for another media type, 400 for a body that is no patch; when called, 400 or
            422 for one that does not fit the object.
    """
    if media_type not in media_types(resource) or media_type == APPLY:
        raise errors.unsupported_media_type(media_types(resource))
    patch = _decode(media_type, body)
    options.explain = _explain_result
    if media_type == JSON_PATCH:
        return lambda live: _as_object(_json_patched(live, patch))
    if media_type == MERGE_PATCH:
        return lambda live: _as_object(merge_patch(live, patch))
    options.explain = lambda error, _: _invalid_patch(go_text(_unmerged(loads(body))), error.conversion)
    return lambda live: strategic_merge(objects.types(resource), live, patch)


def _decode(media_type: str, body: bytes) -> Any:
    """The patch as JSON, of the type that its media type means."""
    prefix = "" if media_type == STRATEGIC else "error decoding patch: "
    wanted, go_type = (list, "[]handlers.jsonPatchOp") if media_type == JSON_PATCH else (dict, _GO_MAP)
    try:
        patch = loads(body)
    except GoSyntaxError as error:
        raise errors.bad_request(f"{prefix}{error}") from None
    if patch is None:
        return wanted()
    if not isinstance(patch, wanted):
        word = json_word(patch)
        raise errors.bad_request(f"{prefix}json: cannot unmarshal {word} into Go value of type {go_type}")
    return patch


def _check_types(objects: ObjectsFacade, resource: ResourceType, metadata: Object, body: Object) -> None:
    """Refuses a configuration that is no such object: server-side apply knows no unknown fields at all."""
    faults = objects.schemas.typing_faults(resource, body)
    if faults:
        where = f"{metadata.get('namespace', '')}/{metadata['name']}; {resource.group}/{resource.version}"
        listed = faults[0] if len(faults) == 1 else "errors:\n  " + "\n  ".join(faults)
        message = f"failed to create typed patch object ({where}, Kind={resource.kind}): {listed}"
        raise ApiError(500, "", message)


def _explain_result(error: DecodingError, patched: Object) -> ApiError:
    return _invalid_patch(orjson.dumps(patched, option=orjson.OPT_SORT_KEYS).decode(), error.why)


def _invalid_patch(shown: str, why: str) -> ApiError:
    fault = invalid_value("patch", shown, why)
    cause = {"reason": fault.reason, "message": fault.message, "field": fault.field}
    return ApiError(422, "Invalid", f' "" is invalid: {fault}', {"causes": [cause]})


def _unmerged(patch: Any) -> Any:
    """What the merge leaves of a patch: ordered lists and its directives are used up."""
    if isinstance(patch, list):
        return [_unmerged(item) for item in patch]
    if not isinstance(patch, dict):
        return patch
    ordered = {key.partition("/")[2] for key in patch if key.startswith("$setElementOrder/")}
    return {
        key: _unmerged(value)
        for key, value in patch.items()
        if key not in ordered and not key.startswith("$")
    }


def server_side_apply(
    objects: ObjectsFacade,
    resource: ResourceType,
    address: tuple[str | None, str],
    body: bytes,
    options: WriteOptions,
    *,
    force: bool,
) -> tuple[Object, bool]:
    """Apply a configuration; makes the object when it is missing.

    Args:
        address: namespace and name of the object.
        force: take fields that others own.

    Returns:
        The object, and whether it is new.

    Raises:
        ApiError: 409 for fields that other managers own, and what a create or update raises.
    """
    namespace, name = address
    configuration = parse_document(body)
    check_metadata(resource, configuration)
    if configuration.get("metadata", {}).get("managedFields"):
        raise errors.bad_request("metadata.managedFields must be nil")
    metadata = {"name": name, "namespace": namespace} if resource.namespaced else {"name": name}
    identity = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    _check_types(objects, resource, metadata, configuration)
    configuration, warnings = objects.schemas.decode_strict(resource, configuration, "Strict")
    options.warnings += warnings
    options.operation = "Apply"

    def applied(live: Object) -> Object:
        return apply_configuration(
            objects.types(resource), resource, live, configuration, options.manager, force=force
        )

    if objects.exists(resource, namespace, name):
        return objects.modify(resource, namespace, name, applied, options), False
    return objects.create(resource, namespace, applied(identity), options), True


def _json_patched(live: Object, operations: list[Any]) -> Any:
    try:
        return json_patch(live, operations)
    except JsonPatchError:
        message = "the server rejected our request due to an error in our request"
        raise ApiError(422, "Invalid", message, details={}) from None


def _as_object(patched: Any) -> Object:
    if not isinstance(patched, dict):
        raise errors.bad_request("the patched document is not an object")
    return patched
