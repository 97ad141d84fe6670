"""What a request asks for, in the words that roles are written in. Called by `access.control`.

Read from the method and the path alone, before anything is looked up: whether a path leads anywhere
is told only to those who may ask. Source: Kubernetes documentation, "Authorization overview".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from tutorial.sandbox.api.selectors import selected_name

_VERBS = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_OF_A_COLLECTION = {"get": "list", "delete": "deletecollection"}
_OF_A_NAMESPACE = frozenset({"status", "finalize"})


@dataclass(frozen=True)
class Attributes:
    """One thing to be allowed. `path` is set for what is no resource, and then all but `verb` is empty."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    version: str = ""
    path: str = ""

    @property
    def qualified(self) -> str:
        """`pods`, or `pods/exec`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def request_attributes(method: str, raw_path: str, query: Mapping[str, str]) -> Attributes:
    """What a request asks for.

    Args:
        raw_path: the path as it was sent, with its escapes.
    """
    match [unquote(part) for part in raw_path.strip("/").split("/")]:
        case ["api", version, *rest] if rest:
            group = ""
        case ["apis", group, version, *rest] if rest:
            pass
        case _:
            return Attributes(method.lower(), path=unquote(raw_path))
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _OF_A_NAMESPACE:
            rest = rest[2:]
    resource, name, subresource = (*rest, "", "")[:3]
    verb = _VERBS.get(method, method.lower())
    if verb == "get" and query.get("watch") in ("true", "1") and not subresource:
        verb = "watch"
    elif not name:
        verb = _OF_A_COLLECTION.get(verb, verb)
    if verb in ("list", "watch") and not name:
        name = selected_name(query.get("fieldSelector", "")) or ""
    return Attributes(verb, group, resource, subresource, namespace, name, version)
