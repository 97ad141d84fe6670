"""The engine's `Cluster` port over the Kubernetes API: look-ups, deletes by uid, a namespace's contents.

Made by `tutorial.backends.named_cluster` and `sandbox`; used by the engine's checks and its rollback.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from tutorial.backends.discovery import Resource, Served, discover
from tutorial.backends.objects import object_state
from tutorial.backends.refusals import not_of_the_api
from tutorial.backends.response import Response
from tutorial.backends.rest import RestClient
from tutorial.engine.manifests import metadata_of, recreatable, without_allocations
from tutorial.engine.ports import ObjectState
from tutorial.errors import AlreadyThereError, ClusterAwayError, ForbiddenError, NotReadyError
from tutorial.steps.model import ObjectReference

_PAGE = 500
_PARTIAL = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_LONGEST_PREFIX = 50
"""Characters before the five that the server adds to a `generateName`; a service's name has 63."""

_CONFLICT_TRIES = 5
_CONFLICT_SECONDS = 0.1


class ApiCluster:
    """See `tutorial.engine.ports.Cluster`. Every method raises ClusterAwayError when the API server
    cannot be reached or is overloaded, and NotReadyError when it refuses what it is asked for."""

    def __init__(
        self,
        client: RestClient,
        namespace: str,
        *,
        is_gone: Callable[[], bool] = lambda: False,
        facts: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`namespace` is meant where a reference to a namespaced kind names none; `is_gone` tells
        whether the cluster has ended for good, which only a sandbox's can be known to have; `facts`
        looks up what `when` may ask."""
        self._client = client
        self._namespace = namespace
        self._is_gone = is_gone
        self._facts = facts
        self._served: Served | None = None

    def is_gone(self) -> bool:
        """The cluster has ended for good."""
        return self._is_gone()

    def facts(self) -> Mapping[str, str]:
        """What `when` may ask of the cluster, as it is now."""
        return self._facts()

    def lookup(self, reference: ObjectReference) -> ObjectState | None:
        """The object as it is now; None also when the server does not know its kind."""
        return self.lookup_all([reference])[reference]

    def lookup_all(
        self, references: Sequence[ObjectReference]
    ) -> Mapping[ObjectReference, ObjectState | None]:
        """The objects as they are now, in one round trip; None where the server does not know a kind."""
        paths = {each: path for each in references if (path := self._path(each)) is not None}
        answers = dict(zip(paths, self._client.get_all(list(paths.values())), strict=True))
        return {each: self._state(each, answers[each]) if each in answers else None for each in references}

    def _state(self, reference: ObjectReference, response: Response) -> ObjectState | None:
        if response.status == 404:
            self._check_refusal(response, reference.kind)
            return None
        return object_state(reference, self._expect(response, f"look at {reference}"))

    def delete(self, reference: ObjectReference, uid: str, version: str = "") -> bool:
        """Delete with `uid` as a precondition; what it owns goes in the background. False when
        it was not there any more, or another object has its name, or it has another resource version
        than the `version` that was asked for."""
        path = self._path(reference)
        if path is None:
            return False
        options = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": {"uid": uid, **({"resourceVersion": version} if version else {})},
            "propagationPolicy": "Background",
        }
        for _ in range(_CONFLICT_TRIES):
            response = self._client.request("DELETE", path, options)
            if response.status == 404:
                self._check_refusal(response, reference.kind)
                return False
            if response.status != 409:
                break
            settled = self._settled_conflict(reference, uid, version)
            if settled is not None:
                return settled
            time.sleep(_CONFLICT_SECONDS)
        self._expect(response, f"delete {reference}")
        return True

    def _settled_conflict(self, reference: ObjectReference, uid: str, version: str) -> bool | None:
        """What a deletion that was refused with a conflict has come to, as `delete` answers it; None
        when it is worth trying again."""
        state = self.lookup(reference)
        if state is None or state.uid != uid:
            return False
        if state.terminating:
            return True
        return False if version not in ("", state.resource_version) else None

    def namespace_contents(self, namespace: str) -> Sequence[ObjectState]:
        """Every object in the namespace, of every kind that can be listed, events left out.
        `manifest` holds the metadata only."""
        kinds = [
            each
            for each in self._discovered().resources
            if each.namespaced and "list" in each.verbs and each.kind != "Event"
        ]
        first_pages = self._client.get_all([_page(each, namespace) for each in kinds], accept=_PARTIAL)
        found: dict[str, ObjectState] = {}
        for resource, first in zip(kinds, first_pages, strict=True):
            for item in self._listed(resource, namespace, first):
                reference = ObjectReference(
                    resource.kind.lower(), str(item["metadata"].get("name", "")), namespace
                )
                state = object_state(reference, item)
                if state.uid:  # metrics and the like are no objects
                    found.setdefault(state.uid, state)
        return tuple(found.values())

    def restore(self, manifest: Mapping[str, object]) -> ObjectState:
        """Create the object again from a saved manifest, server-owned fields removed. Its fields belong
        again to those who had set them, so that their next apply meets no conflict; where the server
        does not let that be said, they belong to this program.

        Raises:
            AlreadyThereError: an object of its name is there.
        """
        body = recreatable(manifest)
        resource, version = self._resource_of(body)
        namespace = self._namespace_of(body)
        reference = ObjectReference(
            resource.kind.lower(), str(body["metadata"]["name"]), namespace if resource.namespaced else None
        )
        path = resource.path(namespace, version=version)
        response = self._client.request("POST", path, body)
        if response.status == 422:  # an address that somebody else has taken meanwhile
            response = self._client.request("POST", path, without_allocations(body))
        if response.status == 409:
            raise AlreadyThereError(f"{reference} cannot be put back.", why=response.message)
        created = self._expect(response, f"create {reference} again")
        state = object_state(reference, created)
        self.give_back(manifest, state.uid)
        return state

    def give_back(self, manifest: Mapping[str, object], uid: str) -> None:
        """Let the fields of the object that `restore` made belong to those who had set them. Nothing is
        changed where another object has its name by now, or the server does not take it."""
        managers = metadata_of(manifest).get("managedFields")
        if not managers:
            return
        body = recreatable(manifest)
        resource, version = self._resource_of(body)
        name = quote(str(body["metadata"]["name"]), safe="")
        path = resource.path(self._namespace_of(body), name, version)
        self._client.request("PATCH", path, {"metadata": {"uid": uid, "managedFields": managers}})

    def rehearse(self, manifest: Mapping[str, object]) -> str:
        """Why the object could not be deleted and created again: asks for the right to delete it,
        and creates it by a dry run (under another name, with addresses of its own)."""
        body = without_allocations(recreatable(manifest))
        resource, version = self._resource_of(body)
        namespace = self._namespace_of(body)
        name = str(body["metadata"].pop("name"))
        if not self._may("delete", resource, namespace, name):
            return "you may not delete it"
        body["metadata"]["generateName"] = f"{name[:_LONGEST_PREFIX]}-"
        path = f"{resource.path(namespace, version=version)}?dryRun=All"
        response = self._client.request("POST", path, body)
        if response.status >= 500:
            self._expect(response, f"try whether {name} can be created again")
        return "" if response.status < 300 else response.message

    def server_time(self) -> float:
        """The API server's clock, seconds since the epoch, to the second."""
        return self._client.server_time()

    def _check_refusal(self, response: Response, kind: str) -> None:
        """Only the API's own 404 proves that something is not there. A server that does not know
        the kind says so in plain words, as a proxy may, too.

        Raises:
            ClusterAwayError: it is none of the API's, and the API does serve the kind.
        """
        if not response.is_of_the_api and self._resource(kind.lower(), refresh=True) is not None:
            raise not_of_the_api(self._client.access, response)

    def _may(self, verb: str, resource: Resource, namespace: str, name: str) -> bool:
        """Whether the user may do so; true where the server does not say."""
        attributes = {
            "verb": verb,
            "group": resource.group,
            "resource": resource.plural,
            "namespace": namespace,
            "name": name,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        response = self._client.request("POST", _ACCESS_REVIEWS, review)
        return response.status >= 300 or bool((response.json().get("status") or {}).get("allowed"))

    def _namespace_of(self, body: Mapping[str, Any]) -> str:
        return str(body["metadata"].get("namespace") or self._namespace)

    def _path(self, reference: ObjectReference) -> str | None:
        resource = self._resource(reference.kind)
        if resource is None:
            return None
        return resource.path(reference.namespace or self._namespace, quote(reference.name, safe=""))

    def _resource(self, kind: str, *, refresh: bool = False) -> Resource | None:
        """What the server calls `kind`; asks it again before it answers None, because a
        definition may have come since."""
        for anew in (True,) if refresh else (False, True):
            served = self._discovered(anew)
            for resource in served.resources:
                if resource.answers_to(kind.lower()) and "get" in resource.verbs:
                    return resource
        if served.missing:
            raise NotReadyError(
                f"The API server does not say now whether it knows the kind {kind}.",
                why=f"These groups do not answer: {', '.join(served.missing)}.",
                do=f"Look at them with: {self._client.access.kubectl('get apiservices')}",
            )
        return None

    def _resource_of(self, body: Mapping[str, Any]) -> tuple[Resource, str]:
        group, _, version = str(body.get("apiVersion", "")).rpartition("/")
        for refresh in (False, True):
            for resource in self._discovered(refresh).resources:
                if resource.group == group and resource.kind == body.get("kind"):
                    return resource, version
        raise NotReadyError(
            f"{body.get('kind')} cannot be created again.",
            why=f"The API server does not serve {body.get('apiVersion')} {body.get('kind')}.",
            do=f"See what it serves with: {self._client.access.kubectl('api-resources')}",
        )

    def _discovered(self, refresh: bool = False) -> Served:
        if self._served is None or refresh:
            self._served = discover(self._client)
        return self._served

    def _listed(self, resource: Resource, namespace: str, response: Response) -> list[dict[str, Any]]:
        """The metadata of the objects of this kind, of which `response` has the first page. Kinds that
        the user may not list, or that are gone, have none."""
        items: list[dict[str, Any]] = []
        token = ""
        while True:
            if response.status in (403, 404, 405):
                self._check_refusal(response, resource.kind)
                return items
            if response.status == 410 and token:  # the pages' snapshot has expired
                items.clear()
                token = ""
            else:
                answer = self._expect(response, f"list {resource.plural} in {namespace}")
                found = answer.get("items") or []
                items += [item for item in found if isinstance(item.get("metadata"), dict)]
                token = str((answer.get("metadata") or {}).get("continue") or "")
                if not token:
                    return items
            response = self._client.request("GET", _page(resource, namespace, token), accept=_PARTIAL)

    def _expect(self, response: Response, to_do: str) -> dict[str, Any]:
        if 200 <= response.status < 300:
            if not response.is_of_the_api:
                raise not_of_the_api(self._client.access, response)
            return response.json()
        what = f"The API server refused to {to_do}."
        if response.status == 403:
            raise ForbiddenError(what, why=response.message, do="Ask for the right to do so.")
        error = ClusterAwayError if response.may_pass else NotReadyError
        raise error(what, why=response.message, do="Try again in a moment.")


def _page(resource: Resource, namespace: str, token: str = "") -> str:
    """The path of a page of a list: the first, or the one that the `token` of the one before names."""
    query = {"limit": str(_PAGE), **({"continue": token} if token else {})}
    return f"{resource.path(namespace)}?{urlencode(query)}"
