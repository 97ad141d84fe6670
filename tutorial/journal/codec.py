"""Journal records to JSON and back. Called by `tutorial.journal.journal` only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from tutorial.engine.records import (
    Adopted,
    Announced,
    Closed,
    Found,
    Intent,
    Made,
    Outcome,
    PutBack,
    Record,
    Seen,
    Undone,
)
from tutorial.journal.types import check_types
from tutorial.steps.model import ObjectReference


def to_json(record: Record) -> dict[str, Any]:
    """The record as JSON-ready data; `record` names its type."""
    return {"record": type(record).__name__, **asdict(record)}


def from_json(data: Mapping[str, Any]) -> Record:
    """The record again. Raises KeyError, TypeError or AttributeError when it is none."""
    fields = dict(data)
    record = _READERS[fields.pop("record")](fields)
    check_types(record)
    return record


def _intent(data: dict[str, Any]) -> Record:
    return Intent(
        absent=tuple(map(_reference, data.pop("absent"))),
        present=tuple(map(_reference, data.pop("present"))),
        doomed=_made(data.pop("doomed")),
        cleanup=tuple(data.pop("cleanup")),
        **data,
    )


def _outcome(data: dict[str, Any]) -> Record:
    return Outcome(
        made=_made(data.pop("made")),
        removed=tuple(data.pop("removed")),
        others=tuple(map(_reference, data.pop("others", ()))),
        **data,
    )


def _announced(data: dict[str, Any]) -> Record:
    return Announced(objects=tuple(map(_reference, data.pop("objects"))), **data)


def _adopted(data: dict[str, Any]) -> Record:
    return Adopted(objects=_made(data.pop("objects")), **data)


def _put_back(data: dict[str, Any]) -> Record:
    return PutBack(reference=_reference(data.pop("reference")), **data)


def _seen(data: dict[str, Any]) -> Record:
    return Seen(objects=_made(data.pop("objects")), **data)


def _found(data: dict[str, Any]) -> Record:
    return Found(objects=_made(data.pop("objects")), **data)


def _undone(data: dict[str, Any]) -> Record:
    reference = data.pop("reference")
    return Undone(reference=_reference(reference) if reference else None, **data)


def _closed(data: dict[str, Any]) -> Record:
    return Closed(**data)


def _reference(data: Mapping[str, Any]) -> ObjectReference:
    return ObjectReference(**data)


def _made(items: Iterable[Mapping[str, Any]]) -> tuple[Made, ...]:
    return tuple(Made(**{**item, "reference": _reference(item["reference"])}) for item in items)


_READERS: dict[str, Callable[[dict[str, Any]], Record]] = {
    "Intent": _intent,
    "Outcome": _outcome,
    "Announced": _announced,
    "Adopted": _adopted,
    "PutBack": _put_back,
    "Seen": _seen,
    "Found": _found,
    "Undone": _undone,
    "Closed": _closed,
}
