"""Every object that a class makes, as Kubernetes manifests. Pure. Used by `up`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tutorial.classroom.permissions import rules
from tutorial.classroom.roster import Attendee

Object = dict[str, Any]

ACCOUNT = "attendee"
"""The name of an attendee's service account, role and bindings."""

_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Injection:
    """How a namespace gets its sidecars: by the default revision of Istio, or by a named one."""

    revision: str = ""

    @property
    def labels(self) -> dict[str, str]:
        return {"istio.io/rev": self.revision} if self.revision else {"istio-injection": "enabled"}


def objects_of(attendee: Attendee, injection: Injection) -> list[Object]:
    """An attendee's objects, in the order in which they must be made: namespaces first."""
    return [
        _namespace(attendee, attendee.namespace, injection.labels),
        _namespace(attendee, attendee.plain_namespace, {"istio-injection": "disabled"}),
        {**_head(attendee, "v1", "ServiceAccount", attendee.namespace)},
        *_rights(attendee, attendee.namespace, in_mesh=True),
        *_rights(attendee, attendee.plain_namespace, in_mesh=False),
    ]


def _namespace(attendee: Attendee, name: str, labels: dict[str, str]) -> Object:
    metadata = {"name": name, "labels": {**attendee.labels, **labels}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _rights(attendee: Attendee, namespace: str, *, in_mesh: bool) -> list[Object]:
    api_version = f"{_RBAC}/v1"
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": attendee.namespace}
    return [
        {
            **_head(attendee, api_version, "Role", namespace),
            "rules": rules(namespace, in_mesh=in_mesh),
        },
        {
            **_head(attendee, api_version, "RoleBinding", namespace),
            "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": ACCOUNT},
            "subjects": [subject],
        },
    ]


def _head(attendee: Attendee, api_version: str, kind: str, namespace: str) -> Object:
    metadata = {"name": ACCOUNT, "namespace": namespace, "labels": attendee.labels}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
