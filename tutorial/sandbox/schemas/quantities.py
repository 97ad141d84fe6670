"""Kubernetes quantities (`250m`, `64Mi`, `1e3`): whether a text is one, and its number.

Used by the decoder, by the checks of resources and by the scheduler. Source of the grammar and of the
words: k8s.io/apimachinery's resource package.
"""

from __future__ import annotations

import re
from decimal import Decimal

_FORM = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)([eEinumkKMGTP]*)([-+]?\d*)")
_WRONG_FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_WRONG_SUFFIX = "unable to parse quantity's suffix"
_SUFFIXES = {
    "": Decimal(1),
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
_LARGEST_EXPONENT = 1000


def quantity_fault(text: str) -> str:
    """Why a text is no quantity, in the server's words; an empty text when it is one."""
    parts = _FORM.fullmatch(text)
    if parts is None:
        return _WRONG_FORM
    suffix, exponent = parts[3], parts[4]
    if exponent:
        known = suffix in ("e", "E") and exponent.lstrip("+-") and abs(int(exponent)) <= _LARGEST_EXPONENT
        return "" if known else _WRONG_SUFFIX
    return "" if suffix in _SUFFIXES else _WRONG_SUFFIX


def parse_quantity(text: str) -> Decimal:
    """The number of a quantity that was checked before. Raises ValueError for what is none."""
    parts = _FORM.fullmatch(text)
    if parts is None or quantity_fault(text):
        raise ValueError(text)
    number = Decimal(parts[1] + parts[2])
    if parts[4]:
        return number.scaleb(int(parts[4]))
    return number * _SUFFIXES[parts[3]]
