"""The definitions of Istio's kinds as `kubectl get crd` shows them.

Made by `bootstrap`, for reading: the sandbox serves these kinds by itself and takes no others. Their
fields are not written out again; `kubectl explain` tells them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import RESOURCES, ResourceType
from tutorial.sandbox.times import now

_CONDITIONS = (
    ("NamesAccepted", "NoConflicts", "no conflicts found"),
    ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
)


def custom_definitions() -> Iterator[Object]:
    """One CustomResourceDefinition for each custom kind, with all its versions."""
    custom = sorted((one for one in RESOURCES if one.custom), key=lambda one: one.storage_key)
    for _, versions in groupby(custom, key=lambda one: one.storage_key):
        yield _definition(list(versions))


def _definition(versions: list[ResourceType]) -> Object:
    kind = versions[0]
    names = {
        "categories": list(kind.categories),
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
        "plural": kind.plural,
        "shortNames": list(kind.short_names),
        "singular": kind.singular,
    }
    moment = now()
    conditions = [
        {"lastTransitionTime": moment, "message": message, "reason": reason, "status": "True", "type": one}
        for one, reason, message in _CONDITIONS
    ]
    return {
        "metadata": {"name": f"{kind.plural}.{kind.group}", "labels": {"app": "istio-pilot"}},
        "spec": {
            "conversion": {"strategy": "None"},
            "group": kind.group,
            "names": names,
            "scope": "Namespaced",
            "versions": [_version(one) for one in versions],
        },
        "status": {"acceptedNames": names, "conditions": conditions, "storedVersions": ["v1"]},
    }


def _version(kind: ResourceType) -> Object:
    open_schema = {
        "description": f"kubectl explain {kind.plural} tells the fields, which the sandbox checks.",
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
    }
    return {
        "name": kind.version,
        "schema": {"openAPIV3Schema": open_schema},
        "served": True,
        "storage": kind.version == "v1",
    }
