"""Which resource a kind is: what the API server says that it serves.

Called by `tutorial.backends.cluster`, the preflight checks and `class status`. Asks for aggregated discovery
(one request for all groups, Kubernetes 1.26 and later) and falls back to one request a group and version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tutorial.backends.asking import Asks
from tutorial.backends.refusals import not_of_the_api
from tutorial.backends.response import Response
from tutorial.errors import ClusterAwayError, ForbiddenError, NotReadyError
from tutorial.text.escapes import safe_text

_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
)
_READY = "/readyz"
_ACCEPT = f"{_AGGREGATED},application/json"


@dataclass(frozen=True)
class Resource:
    """One resource in its group's preferred version."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    verbs: frozenset[str]
    short_names: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str = "", version: str = "") -> str:
        """The URL path of a collection, or of the named object in it."""
        version = version or self.version
        root = f"/apis/{self.group}/{version}" if self.group else f"/api/{version}"
        scope = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}{scope}/{self.plural}" + (f"/{name}" if name else "")

    def answers_to(self, kind: str) -> bool:
        """Whether kubectl would take `kind` (lower case, perhaps with the group) for this."""
        wanted, _, group = kind.partition(".")
        names = {self.kind.lower(), self.singular, self.plural, *self.short_names}
        return wanted in names and (not group or self.group == group or self.group.startswith(f"{group}."))


@dataclass(frozen=True)
class Served:
    """All resources, core group first. `missing` are groups that did not say what they hold."""

    resources: tuple[Resource, ...]
    missing: tuple[str, ...] = ()


def discover(client: Asks) -> Served:
    """Ask the server what it serves.

    Raises:
        ClusterAwayError: it does not say now: it is overloaded, starting, or something else answers.
        NotReadyError: it refuses to say.
    """
    resources: list[Resource] = []
    missing: list[str] = []
    paths = ("/api", "/apis")
    readiness, *answers = client.get_all((_READY, *paths), accept=_ACCEPT)
    _check_ready(client, readiness)  # asked first: what comes after it is whole
    for path, response in zip(paths, answers, strict=True):
        answer = _checked(client, response, path)
        if answer.get("kind") == "APIGroupDiscoveryList":
            _take_aggregated(answer, resources, missing)
        else:
            _take_legacy(client, _legacy_versions(answer), resources, missing)
    return Served(tuple(resources), tuple(missing))


def _check_ready(client: Asks, response: Response) -> None:
    """An API server that has just started answers, but does not serve custom resources yet: what it does
    not name may be there all the same. Its readiness tells (seen on 1.20; Kubernetes, "API health
    endpoints"). Who may not ask for that is answered as by a server that is ready.

    Raises:
        ClusterAwayError: it is not ready.
    """
    if response.may_pass:
        failed = [
            line[3:] for line in response.body.decode(errors="replace").splitlines() if line[:3] == "[-]"
        ]
        raise ClusterAwayError(
            "The API server is not ready.",
            why=safe_text(f"It says: {'; '.join(failed)}." if failed else response.message),
            do=f"Try it with: kubectl {client.access.kubectl_options} get --raw '{_READY}?verbose'",
        )


def _take_aggregated(answer: Mapping[str, Any], resources: list[Resource], missing: list[str]) -> None:
    for group in answer.get("items") or []:
        name = str(group.get("metadata", {}).get("name", ""))
        seen: set[str] = set()
        for version in group.get("versions") or []:
            if version.get("freshness", "Current") != "Current":
                missing.append(f"{name}/{version['version']}")
            for item in version.get("resources") or []:
                resource = _from_aggregated(name, str(version["version"]), item)
                if resource.plural not in seen:  # the preferred version comes first
                    seen.add(resource.plural)
                    resources.append(resource)


def _from_aggregated(group: str, version: str, item: Mapping[str, Any]) -> Resource:
    kind = str((item.get("responseKind") or {}).get("kind", ""))
    return Resource(
        group=group,
        version=version,
        kind=kind,
        plural=str(item["resource"]),
        singular=str(item.get("singularResource") or kind.lower()),
        namespaced=item.get("scope") == "Namespaced",
        verbs=frozenset(item.get("verbs") or ()),
        short_names=tuple(item.get("shortNames") or ()),
    )


def _legacy_versions(answer: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    """Each group and its versions, the preferred one first."""
    if answer.get("kind") == "APIVersions":
        yield "", answer.get("versions") or []
        return
    for group in answer.get("groups") or []:
        versions = [str(each["version"]) for each in group.get("versions") or []]
        preferred = str((group.get("preferredVersion") or {}).get("version", ""))
        yield str(group["name"]), sorted(versions, key=lambda version: version != preferred)


def _take_legacy(
    client: Asks,
    groups: Iterator[tuple[str, Sequence[str]]],
    resources: list[Resource],
    missing: list[str],
) -> None:
    versions = [(group, version) for group, versions in groups for version in versions]
    paths = [f"/apis/{group}/{version}" if group else f"/api/{version}" for group, version in versions]
    seen: set[tuple[str, str]] = set()
    for (group, version), path, response in zip(versions, paths, client.get_all(paths), strict=True):
        if not group:
            _checked(client, response, path)
        if response.status != 200:
            missing.append(f"{group}/{version}")
            continue
        for item in response.json().get("resources") or []:
            name = str(item["name"])
            if "/" not in name and (group, name) not in seen:
                seen.add((group, name))
                resources.append(_from_legacy(group, version, item))


def _from_legacy(group: str, version: str, item: Mapping[str, Any]) -> Resource:
    kind = str(item["kind"])
    return Resource(
        group=group,
        version=version,
        kind=kind,
        plural=str(item["name"]),
        singular=str(item.get("singularName") or kind.lower()),
        namespaced=bool(item.get("namespaced")),
        verbs=frozenset(item.get("verbs") or ()),
        short_names=tuple(item.get("shortNames") or ()),
    )


def _checked(client: Asks, response: Response, path: str) -> Mapping[str, Any]:
    if response.status != 200:
        refusal = ForbiddenError if response.status == 403 else NotReadyError
        error = ClusterAwayError if response.may_pass else refusal
        raise error(
            "The API server does not say what it serves.",
            why=response.message,
            do=f"Try it with: {client.access.kubectl(f'get --raw {path}')}",
        )
    if not response.is_of_the_api:
        raise not_of_the_api(client.access, response)
    return response.json()
