"""What the server offers: groups, versions and resources, in the aggregated form and the older one.

Called by `tutorial.sandbox.api.server`. The answers never change while it runs, so each is made once.
"""

from __future__ import annotations

import hashlib
import platform
from functools import cache, lru_cache
from typing import Any

import orjson

from tutorial.sandbox.api.absent import is_absent
from tutorial.sandbox.resources import ABSENT, RESOURCES, ResourceType

Object = dict[str, Any]

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_GO_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.0",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": f"linux/{_GO_MACHINES.get(platform.machine(), platform.machine())}",
}
"""The release that it speaks as. Commit and date are what Kubernetes says when nobody stamped its build."""

STORED = tuple({r.storage_key: r for r in reversed(RESOURCES) if not r.virtual}.values())[::-1]
"""The kinds whose objects are stored, each in its preferred version."""

_SERVED = tuple(sorted((*RESOURCES, *ABSENT), key=lambda r: (r.group != "", r.group)))
_OBJECT_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_SUBRESOURCE_VERBS = {
    "log": ["get"],
    "exec": ["create", "get"],
    "attach": ["create", "get"],
    "portforward": ["create", "get"],
    "finalize": ["update"],
    "token": ["create"],
}
_SUBRESOURCE_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
    "exec": ("", "v1", "PodExecOptions"),
    "attach": ("", "v1", "PodAttachOptions"),
    "portforward": ("", "v1", "PodPortForwardOptions"),
}


def verbs(resource: ResourceType) -> list[str]:
    if is_absent(resource):
        return ["get", "list", "watch"]
    return ["create"] if resource.virtual else _OBJECT_VERBS


def groups() -> list[str]:
    """The named groups, in the order of the table of resources."""
    return list(dict.fromkeys(r.group for r in _SERVED if r.group))


def versions(group: str) -> list[str]:
    """A group's versions, the preferred one first."""
    return list(dict.fromkeys(r.version for r in _SERVED if r.group == group))


def paths() -> list[str]:
    """The addresses of the documents."""
    named = [
        path
        for group in groups()
        for path in (f"/apis/{group}", *(f"/apis/{group}/{v}" for v in versions(group)))
    ]
    return ["/api", "/api/v1", "/apis", "/apis/", *named]


@cache
def aggregated(root: str) -> tuple[bytes, str]:
    """The whole of `/api` or `/apis` as one document, and its ETag."""
    names = [""] if root == "api" else groups()
    document = {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": group} if group else {},
                "versions": [
                    {"version": v, "resources": _aggregated_resources(group, v), "freshness": "Current"}
                    for v in versions(group)
                ],
            }
            for group in names
        ],
    }
    body = orjson.dumps(document)
    return body, f'"{hashlib.sha256(body).hexdigest().upper()}"'


def _aggregated_resources(group: str, version: str) -> list[Object]:
    return [_aggregated_resource(r) for r in _SERVED if (r.group, r.version) == (group, version)]


def _aggregated_resource(resource: ResourceType) -> Object:
    entry: Object = {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": verbs(resource),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [
            {
                "subresource": name,
                "responseKind": dict(
                    zip(("group", "version", "kind"), _subresource_kind(resource, name), strict=True)
                ),
                "verbs": _subresource_verbs(name),
            }
            for name in resource.subresources
        ]
    return entry


def _subresource_kind(resource: ResourceType, name: str) -> tuple[str, str, str]:
    return _SUBRESOURCE_KINDS.get(name, (resource.group, resource.version, resource.kind))


def _subresource_verbs(name: str) -> list[str]:
    return _SUBRESOURCE_VERBS.get(name, ["get", "patch", "update"])


@lru_cache(maxsize=256)
def legacy(path: str) -> bytes | None:
    """The older documents: `/api`, `/apis`, `/apis/GROUP` and one list for each group version.
    None for a path that is no such document."""
    match path.strip("/").split("/"):
        case ["api"]:
            document: Object = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            document = {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [_group(name) for name in groups()],
            }
        case ["api", "v1"]:
            document = _resource_list("", "v1")
        case ["apis", group] if group in groups():
            document = {"kind": "APIGroup", "apiVersion": "v1", **_group(group)}
        case ["apis", group, version] if group in groups() and version in versions(group):
            document = _resource_list(group, version)
        case _:
            return None
    return orjson.dumps(document)


def _group(name: str) -> Object:
    known = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions(name)]
    return {"name": name, "versions": known, "preferredVersion": known[0]}


def _resource_list(group: str, version: str) -> Object:
    entries: list[Object] = []
    for resource in _SERVED:
        if (resource.group, resource.version) == (group, version):
            entries.append(_legacy_resource(resource))
            entries += [_legacy_subresource(resource, name) for name in resource.subresources]
    group_version = f"{group}/{version}" if group else version
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": entries,
    }


def _legacy_resource(resource: ResourceType) -> Object:
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": verbs(resource),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    return entry


def _legacy_subresource(resource: ResourceType, name: str) -> Object:
    group, version, kind = _subresource_kind(resource, name)
    return {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "group": group,
        "version": version,
        "kind": kind,
        "verbs": _subresource_verbs(name),
    }
