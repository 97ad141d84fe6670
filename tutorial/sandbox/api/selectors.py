"""Label and field selectors: text from a query becomes a test of an object.

Called by `tutorial.sandbox.api.handlers` for lists, watches and collections.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tutorial.sandbox.api.errors import bad_request
from tutorial.sandbox.api.label_selectors import parse_labels
from tutorial.sandbox.resources import ResourceType

Object = dict[str, Any]
Test = Callable[[Object], bool]

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


_ZEROS = {"spec.unschedulable": "false", "spec.hostNetwork": "false", "status.replicas": "0"}
"""What fields that are no texts are when they are not set."""


def label_test(selector: str) -> Test | None:
    """The test that a label selector stands for; None for an empty one.

    Raises:
        ApiError: 400: it cannot be read.
    """
    tests = parse_labels(selector) if selector else []
    if not tests:
        return None

    def passes(obj: Object) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(test(labels) for test in tests)

    return passes


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
    fields = _FIELDS.get(resource.storage_key, ())
    if name not in ("metadata.name", "metadata.namespace", *fields):
        if fields or resource.custom:
            raise bad_request(f"field label not supported: {name}")
        known = 'only "metadata.name", "metadata.namespace"'
        raise bad_request(f'"{name}" is not a known field selector: {known}')
    path = ("source", "component") if name == "source" else tuple(name.split("."))
    missing = _ZEROS.get(name, "")
    return lambda obj: ((_text_at(obj, path) or missing) == value) is not negated


def _text_at(obj: Object, path: tuple[str, ...]) -> str:
    """The value as text; empty when there is none."""
    value: Any = obj
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
