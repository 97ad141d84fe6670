"""Request bodies: JSON, YAML or kubectl's protobuf, as objects. Called by `tutorial.sandbox.api.handlers`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson

from tutorial.sandbox.api import errors
from tutorial.sandbox.api.options import DeleteOptions
from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.schemas.scalars import json_word

Object = dict[str, Any]

PROTOBUF = "application/vnd.kubernetes.protobuf"
JSON = "application/json"
YAML = "application/yaml"
ACCEPTED = (JSON, YAML, PROTOBUF)


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
        document = parse_document(body)
    elif media_type == JSON:
        document = _parse_json(resource, body)
    else:
        raise errors.unsupported_media_type(ACCEPTED)
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
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise errors.undecodable(resource, f"couldn't get version/kind; json parse error: {error}") from None
    if not isinstance(document, dict):
        why = "couldn't get version/kind; json parse error: the document is not an object"
        raise errors.undecodable(resource, why)
    return document


def _parse_yaml(body: bytes) -> Any:
    import yaml

    try:
        return yaml.safe_load(body)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        first = str(error).partition("\n")[0]
        raise errors.bad_request(f"error converting YAML to JSON: {first}") from None


def _check_kind(resource: ResourceType, document: Object) -> None:
    version = document.setdefault("apiVersion", resource.api_version)
    kind = document.setdefault("kind", resource.kind)
    if version != resource.api_version:
        raise errors.bad_request(
            f"the API version in the data ({version}) does not match the expected API version "
            f"({resource.api_version})"
        )
    if kind != resource.kind:
        raise errors.bad_request(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
            f"converting ({kind}) to ({resource.kind}): unknown conversion"
        )
