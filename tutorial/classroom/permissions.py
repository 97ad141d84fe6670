"""What an attendee may do: what the tutorials' commands and the runner ask for, and no more. Pure.

Used by `tutorial.classroom.manifests`. A test holds the bundled tutorials and the requests of real runs
against it. The cluster role `edit` would not do: it lacks the endpoints and Istio's kinds, and has the
secrets.
"""

from __future__ import annotations

from typing import Any

Rule = dict[str, Any]

_MADE = ("create", "delete", "get", "list", "patch", "watch")
"""`kubectl apply` gets an object and creates or patches it; `kubectl delete` deletes it and watches until it
is gone; the runner lists what is there."""

ISTIO_GROUP = "networking.istio.io"


def rules(namespace: str, *, in_mesh: bool) -> list[Rule]:
    """The rules of the Role in one of an attendee's namespaces.

    Args:
        in_mesh: whether it is the one in which services, endpoints and rules are made.
    """
    found = [
        {**_rule("", ("namespaces",), ("get",)), "resourceNames": [namespace]},
        _rule("", ("serviceaccounts", "services"), _MADE),
        _rule("apps", ("deployments",), _MADE),
        _rule("apps", ("replicasets",), ("get", "list")),
        _rule("", ("pods",), ("get", "list")),
        _rule("", ("pods/exec",), ("create", "get")),  # kubectl asks by GET, and the server for both
        _rule("", ("events",), ("list",)),
    ]
    if in_mesh:
        found += [
            _rule("", ("pods/log",), ("get",)),
            _rule("", ("endpoints",), _MADE),
            _rule("discovery.k8s.io", ("endpointslices",), _MADE),
            _rule(ISTIO_GROUP, ("destinationrules",), _MADE),
        ]
    return found


def _rule(group: str, resources: tuple[str, ...], verbs: tuple[str, ...]) -> Rule:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
