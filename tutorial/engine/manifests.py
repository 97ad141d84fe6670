"""Manifests as the journal keeps them: without what the server sets, fit to be created again. Pure.

Used by adoption and undo, and by `tutorial.backends.cluster` when it creates an object again.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
PROGRAM = "egress-tutorial"
"""As whom the API server knows this program: the beginning of its user agent."""

_SERVER_OWNED = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
_ALLOCATED = ("clusterIP", "clusterIPs", "healthCheckNodePort")


def recreatable(manifest: Mapping[str, object]) -> dict[str, Any]:
    """A copy that can be created: without status and without what the server sets."""
    body: dict[str, Any] = copy.deepcopy(dict(manifest))
    body.pop("status", None)
    body["metadata"] = {name: value for name, value in metadata_of(body).items() if name not in _SERVER_OWNED}
    return body


def without_allocations(manifest: Mapping[str, object]) -> dict[str, Any]:
    """A copy of a service that lets the server choose its addresses and node ports anew."""
    body: dict[str, Any] = copy.deepcopy(dict(manifest))
    spec = body.get("spec")
    if not isinstance(spec, dict):
        return body
    if spec.get("clusterIP") != "None":
        for name in _ALLOCATED:
            spec.pop(name, None)
    for port in spec.get("ports") or ():
        port.pop("nodePort", None)
    return body


def is_same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether they differ in nothing but what the server sets."""
    return recreatable(one) == recreatable(other)


def is_created_from(saved: Mapping[str, object], now: Mapping[str, object]) -> bool:
    """Whether the object is what `kubectl create -f` makes of the saved one: kubectl then writes its
    own annotation anew."""
    return _without_last_applied(saved) == _without_last_applied(now)


def is_programs_alone(manifest: Mapping[str, object]) -> bool:
    """Whether this program alone counts as who has set the object's fields, as it does between creating
    an object again and giving its fields back."""
    managers = metadata_of(manifest).get("managedFields") or ()
    return bool(managers) and all(each.get("manager") == PROGRAM for each in managers)


def is_changed(before: Mapping[str, object], now: Mapping[str, object]) -> bool:
    """Whether a person has changed it: its labels, or what it says. Annotations do not count,
    because controllers write those on objects of others."""
    return _content(before) != _content(now)


def metadata_of(manifest: Mapping[str, object]) -> Mapping[str, Any]:
    """The manifest's metadata; empty without any."""
    metadata = manifest.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def spec_of(manifest: Mapping[str, object]) -> Mapping[str, Any]:
    """The manifest's spec; empty without any."""
    spec = manifest.get("spec")
    return spec if isinstance(spec, dict) else {}


def _without_last_applied(manifest: Mapping[str, object]) -> dict[str, Any]:
    body = recreatable(manifest)
    body["metadata"].setdefault("annotations", {}).pop(LAST_APPLIED, None)
    return body


def _content(manifest: Mapping[str, object]) -> dict[str, object]:
    content = {name: value for name, value in manifest.items() if name not in ("metadata", "status")}
    return {**content, "labels": metadata_of(manifest).get("labels") or {}}
