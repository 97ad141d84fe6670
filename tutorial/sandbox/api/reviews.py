"""Questions about rights and identity: answered, never stored. Called by `tutorial.sandbox.api.handlers`.

Whoever has the sandbox's token may do everything in it.
"""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.api.metadata import timestamp
from tutorial.sandbox.resources import SELF_SUBJECT_ACCESS_REVIEW, SELF_SUBJECT_REVIEW, ResourceType

Object = dict[str, Any]

USER = "kubernetes-admin"
GROUPS = ["kubeadm:cluster-admins", "system:authenticated"]


def answer(resource: ResourceType, review: Object) -> Object:
    """The review with its status."""
    metadata = {**review.get("metadata", {}), "creationTimestamp": timestamp()}
    return {**review, "metadata": metadata, "status": _status(resource)}


def _status(resource: ResourceType) -> Object:
    if resource is SELF_SUBJECT_REVIEW:
        return {"userInfo": {"username": USER, "groups": GROUPS}}
    if resource is SELF_SUBJECT_ACCESS_REVIEW:
        return {"allowed": True}
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    urls = {"verbs": ["*"], "nonResourceURLs": ["*"]}
    return {"resourceRules": [everything], "nonResourceRules": [urls], "incomplete": False}
