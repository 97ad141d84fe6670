"""Kubernetes' quantities: `100m`, `1Gi`, `2e3` (Kubernetes API conventions, "Resource quantities"). Pure."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([+-]?[0-9]*\.?[0-9]+)([eE][+-]?[0-9]{1,3}|[KMGTPE]i|[numkMGTPE])?\Z")
_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal("1e3"),
    "M": Decimal("1e6"),
    "G": Decimal("1e9"),
    "T": Decimal("1e12"),
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}


def quantity(text: object) -> Decimal | None:
    """The number that the quantity stands for, or None when it is none."""
    found = _QUANTITY.match(str(text).strip())
    if found is None:
        return None
    number, suffix = Decimal(found[1]), found[2] or ""
    if suffix in _SUFFIXES:
        return number * _SUFFIXES[suffix]
    return Decimal(f"{found[1]}{suffix}")
