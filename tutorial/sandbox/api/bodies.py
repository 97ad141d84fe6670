"""Request bodies: JSON, YAML or kubectl's protobuf, as objects. Called by `tutorial.sandbox.api.handlers`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.options import DeleteOptions
from tutorial.sandbox.api.routes import is_registered
from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.schemas.go_json import GoSyntaxError, loads
from tutorial.sandbox.schemas.scalars import json_word
from tutorial.sandbox.status import ApiError

Object = dict[str, Any]

PROTOBUF = "application/vnd.kubernetes.protobuf"
JSON = "application/json"
YAML = "application/yaml"
ACCEPTED = (JSON, YAML, PROTOBUF)

_NO_KIND = "couldn't get version/kind"
_SCHEME = "pkg/api/legacyscheme/scheme.go:30"
_SHOWN_BYTES = 30
_TYPE_META = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
)


def parse_document(body: bytes) -> Object:
    """A JSON or YAML document that is one object.

    Raises:
        ApiError: 400: it is neither, or something else than an object.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _parse_yaml(body)
    if not isinstance(document, dict):
        raise errors.bad_request("the object provided is unrecognized (must be of type map)")
    return document


def parse_object(resource: ResourceType, content_type: str, body: bytes) -> Object:
    """The object of a POST or PUT, whose kind must be the resource's.

    Raises:
        ApiError: 400: not an object of this kind; 415: a media type that is not understood.
    """
    media_type = content_type.partition(";")[0].strip() or JSON
    if media_type == PROTOBUF:
        from tutorial.sandbox.api.protobuf import decode_object

        document = decode_object(body)
    elif media_type == YAML:
        document = _parse_yaml_object(resource, body)
    elif media_type == JSON:
        document = _parse_json(resource, body)
    else:
        raise errors.unsupported_media_type(ACCEPTED)
    _check_type_meta(resource, document, body)
    _check_kind(resource, document)
    check_metadata(resource, document)
    return document


def check_metadata(resource: ResourceType, document: Object) -> None:
    """Make sure that an object has metadata; null counts as none.

    Raises:
        ApiError: 400: they are no object.
    """
    metadata = document.get("metadata")
    if metadata is None:
        document["metadata"] = {}
    elif not isinstance(metadata, dict):
        got = json_word(metadata)
        field = f"Go struct field {resource.kind}.metadata of type v1.ObjectMeta"
        raise errors.undecodable(resource, f"json: cannot unmarshal {got} into {field}")


class _Fields(dict[str, Any]):
    """A JSON object that remembers which of its keys came twice."""

    repeated: tuple[str, ...] = ()


def repeated_fields(body: bytes) -> list[str]:
    """The paths of the keys that a JSON object has more than once; none for what is no JSON."""
    try:
        document = json.loads(body, object_pairs_hook=_fields)
    except (ValueError, RecursionError):
        return []
    return list(_repeated_in(document, ""))


def _fields(pairs: list[tuple[str, Any]]) -> _Fields:
    fields = _Fields(pairs)
    if len(fields) < len(pairs):
        keys = [key for key, _ in pairs]
        fields.repeated = tuple(key for key in fields if keys.count(key) > 1)
    return fields


def _repeated_in(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Fields):
        prefix = f"{path}." if path else ""
        yield from (prefix + key for key in value.repeated)
        for key, child in value.items():
            yield from _repeated_in(child, prefix + key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _repeated_in(item, f"{path}[{index}]")


def parse_delete_options(body: bytes, content_type: str) -> DeleteOptions:
    """DELETE's body, or the defaults without one.

    Raises:
        ApiError: 400: not JSON, or an unknown propagation policy.
    """
    if not body:
        return DeleteOptions()
    if content_type.startswith(PROTOBUF):
        from tutorial.sandbox.api.protobuf import decode_object

        document = decode_object(body)
    else:
        document = parse_document(body)
    propagation = document.get("propagationPolicy") or (
        "Orphan" if document.get("orphanDependents") else "Background"
    )
    if propagation not in ("Background", "Foreground", "Orphan"):
        raise errors.bad_request(
            f'invalid DeleteOptions: propagationPolicy: Unsupported value: "{propagation}": '
            'supported values: "Foreground", "Background", "Orphan"'
        )
    preconditions = document.get("preconditions") or {}
    if not isinstance(preconditions, dict):
        got = json_word(preconditions)
        raise errors.bad_request(f"json: cannot unmarshal {got} into DeleteOptions.preconditions")
    grace = document.get("gracePeriodSeconds")
    return DeleteOptions(
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        grace_seconds=grace if isinstance(grace, int) else None,
        propagation=propagation,
        dry_run=bool(document.get("dryRun")),
    )


def _parse_json(resource: ResourceType, body: bytes) -> Object:
    try:
        document = loads(body)
    except GoSyntaxError as error:
        raise _unrecognized(resource, body, f"{_NO_KIND}; json parse error: {error}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        why = f"json: cannot unmarshal {json_word(document)} into Go value of type {_TYPE_META}"
        raise _unrecognized(resource, body, f"{_NO_KIND}; json parse error: {why}")
    return document


def _check_type_meta(resource: ResourceType, document: Object, body: bytes) -> None:
    for name in ("apiVersion", "kind"):
        if not isinstance(document.get(name) or "", str):
            word = json_word(document[name])
            why = f"json: cannot unmarshal {word} into Go struct field .{name} of type string"
            raise _unrecognized(resource, body, f"{_NO_KIND}; json parse error: {why}")


def _parse_yaml_object(resource: ResourceType, body: bytes) -> Object:
    try:
        return parse_document(body)
    except ApiError as error:
        raise _unrecognized(resource, body, error.message) from None


def _unrecognized(resource: ResourceType, body: bytes, why: str) -> ApiError:
    """The body is not even something with a kind. Shows how it begins."""
    return errors.bad_request(
        f"the object provided is unrecognized (must be of type {resource.kind}): {why} ({_summary(body)})"
    )


def _summary(body: bytes) -> str:
    if not body:
        return "<empty>"
    start = body[:_SHOWN_BYTES]
    shown = start.decode("utf-8", "replace") if start.startswith(b"{") else start.hex()
    return shown + (" ..." if len(body) > _SHOWN_BYTES else "")


def _parse_yaml(body: bytes) -> Any:
    import yaml

    from tutorial.sandbox.api.yaml_bodies import load_yaml

    try:
        return load_yaml(body)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        first = "exceeded max depth" if isinstance(error, RecursionError) else str(error).partition("\n")[0]
        raise errors.bad_request(f"error converting YAML to JSON: {first}") from None


def _check_kind(resource: ResourceType, document: Object) -> None:
    """The kind that a document says must be the one that is asked for; none means that."""
    version = document["apiVersion"] = document.get("apiVersion") or resource.api_version
    kind = document["kind"] = document.get("kind") or resource.kind
    if (version, kind) == (resource.api_version, resource.kind):
        return
    if resource.custom:
        if version != resource.api_version:
            raise errors.bad_request(
                f"the API version in the data ({version}) does not match the expected API version "
                f"({resource.api_version})"
            )
        why = f"kind in the data ({kind}) does not match the expected kind ({resource.kind})"
        raise errors.undecodable(resource, why)
    if is_registered(version, kind):
        package = resource.group.partition(".")[0] or "core"
        external = version.rpartition("/")[2]
        why = f"converting ({external}.{kind}) to ({package}.{resource.kind}): unknown conversion"
    else:
        why = f'no kind "{kind}" is registered for version "{version}" in scheme "{_SCHEME}"'
    raise errors.bad_request(
        f'{kind} in version "{version.rpartition("/")[2]}" cannot be handled as a {resource.kind}: {why}'
    )
