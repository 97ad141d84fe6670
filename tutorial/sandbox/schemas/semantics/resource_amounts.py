"""Checks of a container's requests and limits. Part of `pod.validate_spec`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutorial.sandbox.schemas.errors import FieldError, invalid_value
from tutorial.sandbox.schemas.quantities import parse_quantity

_STANDARD = ("cpu", "memory", "ephemeral-storage")


def validate(field: str, resources: dict[str, Any]) -> Iterator[FieldError]:
    """The faults of `resources`: unknown names, negative amounts, requests above limits."""
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    for part, amounts in (("limits", limits), ("requests", requests)):
        for name in sorted(amounts):
            yield from _amount(f"{field}.{part}[{name}]", name, str(amounts[name]))
    for name in sorted(requests.keys() & limits.keys()):
        request, limit = str(requests[name]), str(limits[name])
        if parse_quantity(request) > parse_quantity(limit):
            detail = f"must be less than or equal to {name} limit of {limit}"
            yield invalid_value(f"{field}.requests", request, detail)


def _amount(field: str, name: str, text: str) -> Iterator[FieldError]:
    if "/" not in name and name not in _STANDARD and not name.startswith("hugepages-"):
        yield invalid_value(field, name, "must be a standard resource type or fully qualified")
        yield invalid_value(field, name, "must be a standard resource for containers")
    if parse_quantity(text) < 0:
        yield invalid_value(field, text, "must be greater than or equal to 0")
