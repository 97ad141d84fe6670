"""What the mesh does not act on, said when it is applied: nothing is ignored in silence.

Asked by the API on every write of a client's (see `Advisor` in `tutorial.sandbox.ports`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tutorial.sandbox.mesh.envoy.clusters import REFUSED_MESSAGE, is_refused
from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import DESTINATION_RULE, SERVICE_ENTRY, VIRTUAL_SERVICE, ResourceType

Followed = Mapping[str, Any]
"""The fields that are followed; a mapping for those of which only some are, else empty."""

_TLS: Followed = {
    "mode": {},
    "sni": {},
    "subjectAltNames": {},
    "insecureSkipVerify": {},
    "caCertificates": {},
}
_POLICY: Followed = {"tls": _TLS, "loadBalancer": {"simple": {}}}
_FOLLOWED: Followed = {
    "host": {},
    "exportTo": {},
    "trafficPolicy": {**_POLICY, "portLevelSettings": {**_POLICY, "port": {}}},
}
_STORED_ONLY = (SERVICE_ENTRY.storage_key, VIRTUAL_SERVICE.storage_key)


def advice(resource: ResourceType, obj: Object) -> Iterator[str]:
    """The warnings about one object."""
    if resource.storage_key in _STORED_ONLY:
        yield (
            f"the sandbox's mesh does not act on {resource.plural}.{resource.group}: "
            f"{obj['metadata']['name']} is stored and changes no traffic"
        )
    if resource.storage_key != DESTINATION_RULE.storage_key:
        return
    ignored = list(dict.fromkeys(_ignored(_FOLLOWED, obj.get("spec") or {}, "spec")))
    if ignored:
        yield f"the sandbox's mesh does not act on {', '.join(ignored)}"
    policy = (obj.get("spec") or {}).get("trafficPolicy") or {}
    if any(is_refused(part) for part in (policy, *(policy.get("portLevelSettings") or ()))):
        yield REFUSED_MESSAGE


def _ignored(followed: Followed, value: Any, path: str) -> Iterator[str]:
    """The paths, outermost first, of what is set and not followed."""
    if isinstance(value, list):
        for item in value:
            yield from _ignored(followed, item, path)
    elif isinstance(value, dict):
        for name, child in value.items():
            place = f"{path}.{name}"
            if name not in followed:
                yield place
            elif followed[name]:
                yield from _ignored(followed[name], child, place)
