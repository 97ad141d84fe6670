"""From a URL path to what it names: a resource, perhaps one object, perhaps its subresource.

Called by `tutorial.sandbox.api.server` for every request under `/api` and `/apis`.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from tutorial.sandbox.resources import ABSENT, RESOURCES, ResourceType


@dataclass(frozen=True, slots=True)
class Target:
    """`namespace` is None for cluster-wide resources and for lists over all namespaces; `name` is
    empty for a collection."""

    resource: ResourceType
    namespace: str | None
    name: str = ""
    subresource: str = ""


class UnknownGroupVersionError(Exception):
    """No such group or version: answered in plain text, like any unknown path."""


class UnknownResourceError(Exception):
    """The group version has no such resource: answered with a Status."""


_BY_PATH = {(r.group, r.version, r.plural): r for r in (*RESOURCES, *ABSENT)}
_KINDS = {(r.api_version, r.kind) for r in (*RESOURCES, *ABSENT)}
_GROUP_VERSIONS = {(r.group, r.version) for r in (*RESOURCES, *ABSENT)}


def is_registered(api_version: str, kind: str) -> bool:
    """Whether the server knows a kind of that version at all."""
    return (api_version, kind) in _KINDS


def parse_path(path: str) -> Target:
    """The target of `/api/v1/...` or `/apis/GROUP/VERSION/...`.

    Raises:
        UnknownGroupVersionError, UnknownResourceError.
    """
    root, *parts = [unquote(part) for part in path.strip("/").split("/")]
    group, version, *rest = ["", *parts, ""] if root == "api" else [*parts, "", ""]
    if (group, version) not in _GROUP_VERSIONS:
        raise UnknownGroupVersionError
    rest = [part for part in rest if part]
    namespace = None
    if len(rest) >= 3 and rest[0] == "namespaces" and (group, version, rest[2]) in _BY_PATH:
        namespace, rest = rest[1], rest[2:]
    resource = _BY_PATH.get((group, version, rest[0])) if rest else None
    if resource is None or len(rest) > 3 or (namespace is not None and not resource.namespaced):
        raise UnknownResourceError
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and subresource not in resource.subresources:
        raise UnknownResourceError
    if name and resource.namespaced and namespace is None:
        raise UnknownResourceError
    return Target(resource, namespace, name, subresource)
