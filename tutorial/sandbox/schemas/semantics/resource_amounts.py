"""Checks of a container's requests and limits. Part of `pod.validate_spec`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tutorial.sandbox.schemas.errors import FieldError, invalid_value

_STANDARD = ("cpu", "memory", "ephemeral-storage")
_SUFFIXES = {
    "n": Decimal(1).scaleb(-9),
    "u": Decimal(1).scaleb(-6),
    "m": Decimal(1).scaleb(-3),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}


def validate(field: str, resources: dict[str, Any]) -> Iterator[FieldError]:
    """The faults of `resources`: unknown names, negative amounts, requests above limits."""
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    for part, amounts in (("limits", limits), ("requests", requests)):
        for name in sorted(amounts):
            yield from _amount(f"{field}.{part}[{name}]", name, str(amounts[name]))
    for name in sorted(requests.keys() & limits.keys()):
        request, limit = str(requests[name]), str(limits[name])
        if quantity(request) > quantity(limit):
            detail = f"must be less than or equal to {name} limit of {limit}"
            yield invalid_value(f"{field}.requests", request, detail)


def quantity(text: str) -> Decimal:
    """A Kubernetes quantity (`250m`, `64Mi`, `1e3`) as a number; the text was decoded before."""
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if text.endswith(suffix):
            return Decimal(text.removesuffix(suffix)) * _SUFFIXES[suffix]
    return Decimal(text)


def _amount(field: str, name: str, text: str) -> Iterator[FieldError]:
    if "/" not in name and name not in _STANDARD and not name.startswith("hugepages-"):
        yield invalid_value(field, name, "must be a standard resource type or fully qualified")
        yield invalid_value(field, name, "must be a standard resource for containers")
    if quantity(text) < 0:
        yield invalid_value(field, text, "must be greater than or equal to 0")
