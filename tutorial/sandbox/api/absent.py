"""Kinds that the sandbox knows but does not run: lists of them are empty, and writing one is refused.

kubectl asks for them in passing (`get all`, `describe namespace`, `apply --prune`), and a list that
is empty answers it truly. The definitions of Istio's kinds can be read, but no others be made.
Used by `tutorial.sandbox.api.handlers` and by discovery.
"""

from __future__ import annotations

from tutorial.sandbox.resources import ABSENT, CUSTOM_RESOURCE_DEFINITION, ResourceType

_KEYS = frozenset(resource.storage_key for resource in ABSENT)


def is_absent(resource: ResourceType) -> bool:
    """Whether objects of that kind can only be asked for."""
    return resource.storage_key in _KEYS


def refusal(resource: ResourceType) -> str:
    """Why an object of that kind cannot be written."""
    if resource == CUSTOM_RESOURCE_DEFINITION:
        return "the sandbox has the kinds of Istio that it has, and takes no others"
    return f"the sandbox runs no {resource.plural}"
