"""Kinds that the sandbox knows but does not run: lists of them are empty, and writing one is refused.

kubectl asks for them in passing (`get all`, `describe namespace`, `apply --prune`), and a list that
is empty answers it truly. Used by `tutorial.sandbox.api.handlers` and by discovery.
"""

from __future__ import annotations

from tutorial.sandbox.resources import ABSENT, ResourceType

_KEYS = frozenset(resource.storage_key for resource in ABSENT)


def is_absent(resource: ResourceType) -> bool:
    """Whether objects of that kind can only be asked for."""
    return resource.storage_key in _KEYS
