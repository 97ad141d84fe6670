"""Checks of what says where a pod may run: tolerations, node affinity, spreading. Part of
`pod.validate_spec`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tutorial.sandbox.schemas.errors import FieldError, forbidden, invalid_value, required, unsupported
from tutorial.sandbox.schemas.semantics import names

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_TOLERATION_OPERATORS = ("Equal", "Exists")
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")


def validate_tolerations(field: str, tolerations: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    """The faults of `tolerations`."""
    for index, toleration in enumerate(tolerations):
        place = f"{field}[{index}]"
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        value, effect = toleration.get("value", ""), toleration.get("effect", "")
        if key:
            yield from names.named(f"{place}.key", key, names.qualified_name)
        elif operator != "Exists":
            detail = (
                'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            )
            yield invalid_value(f"{place}.operator", operator, detail)
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            yield invalid_value(f"{place}.effect", effect, detail)
        if operator in ("Equal", ""):
            faults = list(names.label_value(value))
            if faults:
                yield invalid_value(f"{place}.operator", value, ";".join(faults))
        elif operator == "Exists" and value:
            detail = "value must be empty when `operator` is 'Exists'"
            yield invalid_value(f"{place}.operator", toleration, detail)
        elif operator not in _TOLERATION_OPERATORS:
            yield unsupported(f"{place}.operator", operator, _TOLERATION_OPERATORS)
        if effect and effect not in _EFFECTS:
            yield unsupported(f"{place}.effect", effect, _EFFECTS)


def validate_affinity(field: str, affinity: dict[str, Any]) -> Iterator[FieldError]:
    """The faults of what the scheduler follows of `affinity`: the required node affinity."""
    place = f"{field}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    node_affinity = affinity.get("nodeAffinity", {})
    required_affinity = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required_affinity is None:
        return
    terms = required_affinity.get("nodeSelectorTerms", ())
    if not terms:
        yield required(place, "must have at least one node selector term")
    for number, term in enumerate(terms):
        for index, expression in enumerate(term.get("matchExpressions", ())):
            yield from _expression(f"{place}[{number}].matchExpressions[{index}]", expression)
        for index, expression in enumerate(term.get("matchFields", ())):
            yield from _node_field(f"{place}[{number}].matchFields[{index}]", expression)


def _expression(field: str, expression: dict[str, Any]) -> Iterator[FieldError]:
    operator, values = expression.get("operator", ""), expression.get("values", ())
    match operator:
        case "In" | "NotIn":
            if not values:
                yield required(f"{field}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        case "Exists" | "DoesNotExist":
            if values:
                detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                yield forbidden(f"{field}.values", detail)
        case "Gt" | "Lt":
            if len(values) != 1:
                detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                yield required(f"{field}.values", detail)
        case _:
            yield invalid_value(f"{field}.operator", operator, "not a valid selector operator")
    yield from names.named(f"{field}.key", expression.get("key", ""), names.qualified_name)


def _node_field(field: str, expression: dict[str, Any]) -> Iterator[FieldError]:
    operator, key = expression.get("operator", ""), expression.get("key", "")
    if operator not in ("In", "NotIn"):
        yield invalid_value(f"{field}.operator", operator, "not a valid selector operator")
    elif len(expression.get("values", ())) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield required(f"{field}.values", detail)
    if key != "metadata.name":
        yield invalid_value(f"{field}.key", key, "not a valid field selector key")


def validate_spreading(field: str, constraints: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    """The faults of `topologySpreadConstraints`."""
    for index, constraint in enumerate(constraints):
        place = f"{field}[{index}]"
        skew, action = constraint.get("maxSkew", 0), constraint.get("whenUnsatisfiable", "")
        if skew <= 0:
            yield invalid_value(f"{place}.maxSkew", skew, "must be greater than zero")
        if constraint.get("topologyKey"):
            yield from names.named(f"{place}.topologyKey", constraint["topologyKey"], names.qualified_name)
        else:
            yield required(f"{place}.topologyKey", "can not be empty")
        if action not in _UNSATISFIABLE:
            yield unsupported(f"{place}.whenUnsatisfiable", action, _UNSATISFIABLE)
