"""Checks of a pod's volumes and of their mounts. Part of `pod.validate_spec`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tutorial.sandbox.schemas.errors import FieldError, duplicate, forbidden, invalid_value, required
from tutorial.sandbox.schemas.semantics import names

_NEEDED = {
    "configMap": "name",
    "hostPath": "path",
    "persistentVolumeClaim": "claimName",
    "secret": "secretName",
}
"""The field that a volume of that source cannot do without."""


def validate_volumes(field: str, volumes: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    """The faults of `volumes`."""
    seen: set[str] = set()
    for index, volume in enumerate(volumes):
        place = f"{field}[{index}]"
        name = volume.get("name", "")
        yield from _sources(place, volume)
        if not name:
            yield required(f"{place}.name")
            continue
        yield from names.named(f"{place}.name", name, names.dns_label)
        if name in seen:
            yield duplicate(f"{place}.name", name)
        seen.add(name)


def _sources(field: str, volume: dict[str, Any]) -> Iterator[FieldError]:
    sources = [source for source in volume if source != "name"]
    for source in sources[1:]:
        yield forbidden(f"{field}.{source}", "may not specify more than 1 volume type")
    for source in sources[:1]:
        needed = _NEEDED.get(source)
        if needed and not volume[source].get(needed):
            yield required(f"{field}.{source}.{needed}")


def validate_mounts(field: str, mounts: Sequence[dict[str, Any]], volumes: set[str]) -> Iterator[FieldError]:
    """The faults of a container's `volumeMounts`; `volumes` are the names that the pod has."""
    seen: set[str] = set()
    for index, mount in enumerate(mounts):
        place = f"{field}[{index}]"
        name, path = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{place}.name")
        if name not in volumes:
            yield FieldError(f"{place}.name", "FieldValueNotFound", f'Not found: "{name}"')
        if not path:
            yield required(f"{place}.mountPath")
        if path in seen:
            yield invalid_value(f"{place}.mountPath", path, "must be unique")
        seen.add(path)
