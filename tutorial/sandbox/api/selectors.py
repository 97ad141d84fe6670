"""Label and field selectors: text from a query becomes a test of an object.

Called by `tutorial.sandbox.api.handlers` for lists, watches and collections.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tutorial.sandbox.api.errors import bad_request
from tutorial.sandbox.resources import ResourceType

Object = dict[str, Any]
Test = Callable[[Object], bool]

_TOKEN = re.compile(r"\s*(notin|in|==|!=|=|!|,|\(|\)|<|>|[^\s,()=!<>]+)")
_KEY = re.compile(r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")

_FIELDS = {
    ("", "pods"): (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    ("", "services"): ("spec.clusterIP", "spec.type"),
    ("", "namespaces"): ("status.phase",),
    ("", "nodes"): ("spec.unschedulable",),
    ("", "secrets"): ("type",),
    ("", "events"): (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    ("apps", "replicasets"): ("status.replicas",),
}


def label_test(selector: str) -> Test | None:
    """The test that a label selector stands for; None for an empty one.

    Raises:
        ApiError: 400: it cannot be read.
    """
    tokens = _TOKEN.findall(selector)
    if not tokens:
        return None
    tests: list[Callable[[dict[str, str]], bool]] = []
    while tokens:
        tests.append(_requirement(tokens, selector))
        if tokens and tokens.pop(0) != ",":
            raise _unreadable(selector)

    def passes(obj: Object) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(test(labels) for test in tests)

    return passes


def _requirement(tokens: list[str], selector: str) -> Callable[[dict[str, str]], bool]:
    negated = tokens[0] == "!"
    if negated:
        tokens.pop(0)
    key = tokens.pop(0) if tokens else ""
    if not _KEY.match(key):
        raise _unreadable(selector)
    operator = tokens[0] if tokens else ","
    if negated or operator == ",":
        return (lambda labels: key not in labels) if negated else (lambda labels: key in labels)
    tokens.pop(0)
    if operator in ("in", "notin"):
        values = _values(tokens, selector)
        if operator == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    value = tokens.pop(0) if tokens and tokens[0] != "," else ""
    if operator in ("=", "=="):
        return lambda labels: labels.get(key) == value
    if operator == "!=":
        return lambda labels: labels.get(key) != value
    if operator in ("<", ">") and value.lstrip("-").isdecimal():
        return _comparison(key, operator, int(value))
    raise _unreadable(selector)


def _comparison(key: str, operator: str, bound: int) -> Callable[[dict[str, str]], bool]:
    def compares(labels: dict[str, str]) -> bool:
        text = labels.get(key, "")
        if not text.lstrip("-").isdecimal():
            return False
        return int(text) < bound if operator == "<" else int(text) > bound

    return compares


def _values(tokens: list[str], selector: str) -> set[str]:
    if not tokens or tokens.pop(0) != "(":
        raise _unreadable(selector)
    values: set[str] = set()
    while tokens:
        token = tokens.pop(0)
        if token == ")":
            return values
        if token != ",":
            values.add(token)
    raise _unreadable(selector)


def _unreadable(selector: str) -> Exception:
    return bad_request(f'unable to parse requirement: found an unexpected part in "{selector}"')


def field_test(resource: ResourceType, selector: str) -> Test | None:
    """The test that a field selector stands for; None for an empty one.

    Raises:
        ApiError: 400: it cannot be read, or the kind cannot be selected by that field.
    """
    tests = [_field_requirement(resource, term) for term in selector.split(",") if term]
    if not tests:
        return None
    return lambda obj: all(test(obj) for test in tests)


def selected_name(selector: str) -> str | None:
    """The name that a field selector asks for, when it asks for nothing else."""
    name, operator, value = selector.replace("==", "=").partition("=")
    return value if operator and name == "metadata.name" and "," not in value else None


def _field_requirement(resource: ResourceType, term: str) -> Test:
    negated = "!=" in term
    name, operator, value = term.replace("!=", "=").replace("==", "=").partition("=")
    if not operator:
        raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    known = ("metadata.name", "metadata.namespace", *_FIELDS.get(resource.storage_key, ()))
    if name not in known:
        raise bad_request(f"field label not supported: {name}")
    path = ("source", "component") if name == "source" else tuple(name.split("."))
    return lambda obj: (_text_at(obj, path) == value) is not negated


def _text_at(obj: Object, path: tuple[str, ...]) -> str:
    value: Any = obj
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
