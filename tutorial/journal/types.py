"""Whether data that came out of JSON has the types that its dataclass declares: JSON says nothing of them.

Used by `codec` for records and by `run_meta` for run.json, of which anything may be left on a damaged disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

_BEYOND = 2**63
"""No number of a run is as large: times are seconds since the epoch."""


def check_types(instance: Any) -> None:
    """Raises TypeError when a field of the dataclass instance, or of one within it, has another type."""
    kind: Any = type(instance)
    hints = _hints(kind)
    for each in fields(instance):
        if not _fits(getattr(instance, each.name), hints[each.name]):
            raise TypeError(f"{each.name} has the wrong type")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    inner = get_args(hint)
    origin = get_origin(hint)
    if origin is UnionType:
        return any(_fits(value, each) for each in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(each, inner[0]) for each in value)
    if origin is Mapping:
        return isinstance(value, dict) and all(_fits(each, inner[1]) for each in value.values())
    if hint in (int, float):
        is_number = isinstance(value, int | hint) and not isinstance(value, bool)
        return is_number and -_BEYOND < value < _BEYOND
    if not isinstance(value, hint):
        return False
    if is_dataclass(value):
        check_types(value)
    return True
