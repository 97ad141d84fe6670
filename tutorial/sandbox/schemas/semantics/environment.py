"""Checks of a container's environment variables. Part of `pod.validate_spec`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tutorial.sandbox.schemas.errors import FieldError, invalid_value, required, unsupported
from tutorial.sandbox.schemas.semantics import names

_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_NO_SOURCE = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
_SEVERAL_SOURCES = "may not have more than one field specified at a time"
_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_OTHER_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "spec.restartPolicy",
    "spec.schedulerName",
    "status.phase",
)
_SUBSCRIPTED = re.compile(r"(metadata\.(?:labels|annotations))\['(.*)'\]")
_RESOURCES = tuple(
    f"{part}.{resource}"
    for part in ("limits", "requests")
    for resource in ("cpu", "ephemeral-storage", "memory")
)


def validate_variables(field: str, variables: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    """The faults of `env`."""
    for index, variable in enumerate(variables):
        place = f"{field}[{index}]"
        name = variable.get("name", "")
        if name:
            yield from names.named(f"{place}.name", name, names.environment_name)
        else:
            yield required(f"{place}.name")
        if "valueFrom" in variable:
            yield from _source(f"{place}.valueFrom", variable)


def _source(field: str, variable: dict[str, Any]) -> Iterator[FieldError]:
    source = variable["valueFrom"]
    given = [name for name in _SOURCES if name in source]
    for name in given:
        yield from _reference(f"{field}.{name}", name, source[name])
    if not given:
        yield invalid_value(field, "", _NO_SOURCE)
    elif variable.get("value"):
        yield invalid_value(field, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        yield invalid_value(field, "", _SEVERAL_SOURCES)


def _reference(field: str, kind: str, reference: dict[str, Any]) -> Iterator[FieldError]:
    match kind:
        case "fieldRef":
            yield from _pod_field(field, reference.get("fieldPath", ""))
        case "resourceFieldRef":
            yield from _resource_field(field, reference.get("resource", ""))
        case "configMapKeyRef" | "secretKeyRef":
            yield from names.named(f"{field}.name", reference.get("name", ""), names.dns_subdomain)
            key = reference.get("key", "")
            if key:
                yield from names.named(f"{field}.key", key, names.config_key)
            else:
                yield required(f"{field}.key")


def _pod_field(field: str, path: str) -> Iterator[FieldError]:
    place = f"{field}.fieldPath"
    if not path:
        yield required(place)
        return
    subscripted = _SUBSCRIPTED.fullmatch(path)
    if subscripted:
        key = subscripted[2].lower() if subscripted[1].endswith("annotations") else subscripted[2]
        yield from names.named(field, key, names.qualified_name)
    elif path not in _FIELDS + _OTHER_FIELDS:
        yield invalid_value(place, path, f"error converting fieldPath: field label not supported: {path}")
    elif path not in _FIELDS:
        yield unsupported(place, path, _FIELDS)


def _resource_field(field: str, resource: str) -> Iterator[FieldError]:
    if not resource:
        yield required(f"{field}.resource")
    elif resource not in _RESOURCES:
        yield unsupported(f"{field}.resource", resource, _RESOURCES)


def validate_sources(field: str, sources: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    """The faults of `envFrom`."""
    for index, source in enumerate(sources):
        place = f"{field}[{index}]"
        if source.get("prefix"):
            yield from names.named(f"{place}.prefix", source["prefix"], names.environment_name)
        given = [name for name in ("configMapRef", "secretRef") if name in source]
        for name in given:
            wanted = source[name].get("name", "")
            if wanted:
                yield from names.named(f"{place}.{name}.name", wanted, names.dns_subdomain)
            else:
                yield required(f"{place}.{name}.name")
        if not given:
            yield invalid_value(field, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            yield invalid_value(field, "", _SEVERAL_SOURCES)
