"""Reads `kind/name[@namespace]`, the form in which steps name Kubernetes objects.

Used by `tutorial.steps.step_file` for `creates` and `deletes`.
"""

from __future__ import annotations

import re

from tutorial.steps.model import ObjectReference

_NAME = r"(?:[a-z0-9.-]|\$\{[A-Za-z_][A-Za-z0-9_]*\})+"
_REFERENCE = re.compile(rf"([A-Za-z][A-Za-z0-9.-]*)/({_NAME})(?:@({_NAME}))?\Z")

_FULL_KINDS = {
    "cm": "configmap",
    "crd": "customresourcedefinition",
    "deploy": "deployment",
    "dr": "destinationrule",
    "ds": "daemonset",
    "ep": "endpoints",
    "endpoint": "endpoints",
    "ing": "ingress",
    "netpol": "networkpolicy",
    "no": "node",
    "ns": "namespace",
    "po": "pod",
    "pv": "persistentvolume",
    "pvc": "persistentvolumeclaim",
    "rs": "replicaset",
    "sa": "serviceaccount",
    "se": "serviceentry",
    "sts": "statefulset",
    "svc": "service",
    "vs": "virtualservice",
}
"""kubectl's short names, and what is written in step files."""

_SINGULAR_ENDINGS = ("ss", "endpoints")


def parse_reference(text: str) -> ObjectReference:
    """The object that `text` names.

    Raises:
        ValueError: it is not of the form; the message is `what is wrong; what to write`.
    """
    found = _REFERENCE.match(text)
    if found is None:
        raise ValueError(f'"{text}" does not name an object; write kind/name or kind/name@namespace')
    kind, name, namespace = found.groups()
    singular = _singular(kind.lower())
    if kind != singular:
        raise ValueError(f'"{kind}" is not the full, singular kind in lower case; write {singular}/{name}')
    return ObjectReference(kind, name, namespace)


def _singular(kind: str) -> str:
    if kind in _FULL_KINDS:
        return _FULL_KINDS[kind]
    if kind.endswith("ies"):
        return kind[:-3] + "y"
    if kind.endswith(("sses",)):
        return kind[:-2]
    if kind.endswith("s") and not kind.endswith(_SINGULAR_ENDINGS):
        return kind[:-1]
    return kind
