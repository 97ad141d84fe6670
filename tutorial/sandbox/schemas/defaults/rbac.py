"""Defaults of role bindings. Called through `defaults.default`."""

from __future__ import annotations

from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import RBAC_GROUP


def default_binding(binding: Object) -> None:
    """Fill in the API groups that follow from the kinds, in place."""
    role = binding.get("roleRef")
    if role is not None and not role.get("apiGroup"):
        role["apiGroup"] = RBAC_GROUP
    for subject in binding.get("subjects", ()):
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = RBAC_GROUP
