"""OpenAPI documents: v3, one per group version, as kubectl's apply, diff and explain need them, and v2.

Called by `Schemas`. kubectl reads a whole document on every apply, so a document holds the kinds
of its group version and the operations that kubectl looks for, nothing else: of each kind the
PATCH with its content types and query parameters, and the collection that explain starts from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import orjson

from tutorial.sandbox.resources import ABSENT, RESOURCES, ResourceType
from tutorial.sandbox.schemas import openapi_protobuf, openapi_v2
from tutorial.sandbox.schemas.definitions import Definitions
from tutorial.sandbox.schemas.enums import with_enums

_INFO = {"title": "Kubernetes", "version": "v1.36.0"}
_PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml")
_DESCRIBED = (*RESOURCES, *ABSENT)
_V2 = "v2"
_STRATEGIC_PATCH = "application/strategic-merge-patch+json"


class Documents:
    """The documents, each made at the first request for it."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._made: dict[str, bytes] = {}

    def index(self) -> dict[str, Any]:
        """The list of documents, with a hash in each address that changes with its content."""
        return {
            "paths": {
                path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={_hash(self.document(path))}"}
                for path in dict.fromkeys(_root(resource) for resource in _DESCRIBED)
            }
        }

    def document(self, group_version: str) -> bytes:
        """One document as JSON.

        Args:
            group_version: `v1` or `apps/v1`, or as in the index: `api/v1`, `apis/apps/v1`.

        Raises:
            KeyError: no kind is of that group version.
        """
        wanted = group_version.removeprefix("apis/").removeprefix("api/")
        if wanted not in self._made:
            resources = [resource for resource in _DESCRIBED if resource.api_version == wanted]
            if not resources:
                raise KeyError(group_version)
            self._made[wanted] = orjson.dumps(self._document(resources))
        return self._made[wanted]

    def v2(self) -> bytes:
        """The document of all kinds in version 2, as JSON."""
        return orjson.dumps(self._v2())

    def v2_protobuf(self) -> bytes:
        """The document of all kinds in version 2, as protobuf; remembered, as every command of an old
        kubectl asks for it."""
        if _V2 not in self._made:
            self._made[_V2] = openapi_protobuf.encode(self._v2())
        return self._made[_V2]

    def _v2(self) -> dict[str, Any]:
        components = self._definitions.closure(resource.schema for resource in _DESCRIBED)
        return openapi_v2.document(_INFO, _all_paths(_DESCRIBED), components)

    def _document(self, resources: list[ResourceType]) -> dict[str, Any]:
        found = self._definitions.closure(resource.schema for resource in resources)
        return {
            "openapi": "3.0.0",
            "info": _INFO,
            "paths": _all_paths(resources),
            "components": {"schemas": {name: with_enums(name, schema) for name, schema in found.items()}},
        }


@cache
def _hash(document: bytes) -> str:
    return hashlib.sha256(document).hexdigest().upper()


def _root(resource: ResourceType) -> str:
    return f"apis/{resource.api_version}" if resource.group else f"api/{resource.api_version}"


def _all_paths(resources: Iterable[ResourceType]) -> dict[str, Any]:
    return {path: item for resource in resources for path, item in _paths(resource).items()}


def _paths(resource: ResourceType) -> dict[str, Any]:
    namespace = "/namespaces/{namespace}" if resource.namespaced else ""
    collection = f"/{_root(resource)}{namespace}/{resource.plural}"
    schema = {"$ref": f"#/components/schemas/{resource.schema}"}
    create = _operation(resource, "post", ["dryRun", "fieldManager", "fieldValidation"])
    create["requestBody"] = {"content": {"*/*": {"schema": schema}}}
    if resource.virtual:
        return {collection: {"post": create}}
    patch = _operation(resource, "patch", ["dryRun", "fieldManager", "fieldValidation", "force"])
    types = _PATCHES if resource.custom else (*_PATCHES, _STRATEGIC_PATCH)
    patch["requestBody"] = {"content": {kind: {"schema": {"type": "object"}} for kind in types}}
    listing = _operation(resource, "list", ["fieldSelector", "labelSelector", "limit", "watch"])
    return {
        collection: {"get": listing, "post": create},
        f"{collection}/{{name}}": {"get": _operation(resource, "get", []), "patch": patch},
    }


def _operation(resource: ResourceType, action: str, parameters: list[str]) -> dict[str, Any]:
    kind = {"group": resource.group, "kind": resource.kind, "version": resource.version}
    return {
        "parameters": [{"in": "query", "name": name, "schema": {"type": "string"}} for name in parameters],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": kind,
    }
