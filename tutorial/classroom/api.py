"""What a class asks of the API server, over the REST client. Used by `up`, `down` and `status`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from tutorial.backends.kubeconfig import Access
from tutorial.backends.response import Response
from tutorial.backends.rest import RestClient
from tutorial.classroom.manifests import ACCOUNT, Object
from tutorial.classroom.roster import CLASS_LABEL
from tutorial.errors import AlreadyThereError, ClusterAwayError, NotReadyError

_PAGE = 500
_PARTIAL = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_NAMESPACES = "/api/v1/namespaces"
_PLURALS = {"ServiceAccount": "serviceaccounts", "Role": "roles", "RoleBinding": "rolebindings"}
_CONTENT = ("rules", "roleRef", "subjects")
"""The fields of a class's objects beside their metadata."""


class ClassApi:
    """One API server. Every method raises ClusterAwayError when it cannot be reached, and NotReadyError
    when it refuses."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    def as_user(self, access: Access) -> RestClient:
        """A client that goes the same way as another user; the caller closes it."""
        return self._client.as_user(access)

    def class_namespaces(self, prefix: str | None) -> list[Object]:
        """The namespaces that are labelled as a class's; of every class for None."""
        selector = f"{CLASS_LABEL}={prefix}" if prefix else CLASS_LABEL
        return self.list(f"{_NAMESPACES}?{urlencode({'labelSelector': selector})}")

    def namespace(self, name: str) -> Object | None:
        """The namespace, None when it is not there."""
        response = self._client.request("GET", f"{_NAMESPACES}/{name}")
        return None if response.status == 404 else _checked(response, f"look at the namespace {name}")

    def ensure(self, manifest: Object) -> bool:
        """Make the object, or bring it to what is wanted; whether anything had to be done.

        Raises:
            NotReadyError: also when it is there and going.
        """
        response = self._client.request("POST", _collection(manifest), manifest)
        if response.status != 409:
            _checked(response, f"create {_named(manifest)}")
            return True
        path = f"{_collection(manifest)}/{quote(manifest['metadata']['name'], safe='')}"
        present = _checked(self._client.request("GET", path), f"look at {_named(manifest)}")
        if "deletionTimestamp" in present["metadata"]:
            raise NotReadyError(
                f"{_named(manifest)} is being deleted.", do="Wait until it is gone, then run it again."
            )
        wanted = _brought_to(present, manifest)
        if wanted == present:
            return False
        _checked(self._client.request("PUT", path, wanted), f"change {_named(manifest)}")
        return True

    def token(self, namespace: str, seconds: int) -> tuple[str, datetime]:
        """A token of the attendee's account, and when it ends: the server may give less time."""
        path = f"{_NAMESPACES}/{namespace}/serviceaccounts/{ACCOUNT}/token"
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds},
        }
        answer = _checked(self._client.request("POST", path, body), f"issue a token in {namespace}")
        status = answer["status"]
        return str(status["token"]), datetime.fromisoformat(str(status["expirationTimestamp"]))

    def delete_namespace(self, name: str, uid: str) -> None:
        """Ask for its deletion; one that is gone, or has another uid by now, is left."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        response = self._client.request("DELETE", f"{_NAMESPACES}/{name}", options)
        if response.status not in (404, 409):
            _checked(response, f"delete the namespace {name}")

    def list(self, path: str, *, partial: bool = False) -> list[Object]:
        """Every object of a collection, which may have a query.

        Args:
            partial: the metadata will do.
        """
        items: list[Object] = []
        token = ""
        while True:
            query = urlencode({"limit": _PAGE, **({"continue": token} if token else {})})
            url = f"{path}{'&' if '?' in path else '?'}{query}"
            accept = _PARTIAL if partial else "application/json"
            answer = _checked(self._client.request("GET", url, accept=accept), f"list {path}")
            items += answer.get("items") or []
            token = str((answer.get("metadata") or {}).get("continue") or "")
            if not token:
                return items


def already_there(names: list[str]) -> AlreadyThereError:
    """The error for namespaces that somebody else made."""
    one = len(names) == 1
    return AlreadyThereError(
        f"{', '.join(names)} {'is' if one else 'are'} there already, and not this class's. "
        "Nothing was touched.",
        why="A class never changes or deletes what it did not make.",
        do="Choose another prefix: --prefix NAME",
    )


def _collection(manifest: Object) -> str:
    if manifest["kind"] == "Namespace":
        return _NAMESPACES
    version = manifest["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/{manifest['metadata']['namespace']}/{_PLURALS[manifest['kind']]}"


def _named(manifest: Object) -> str:
    metadata = manifest["metadata"]
    where = f" in {metadata['namespace']}" if "namespace" in metadata else ""
    return f"{manifest['kind']} {metadata['name']}{where}"


def _brought_to(present: Object, wanted: Object) -> Object:
    """What is there, with the labels and the content that are wanted."""
    labels = {**(present["metadata"].get("labels") or {}), **wanted["metadata"]["labels"]}
    content: Mapping[str, Any] = {name: wanted[name] for name in _CONTENT if name in wanted}
    return {**present, **content, "metadata": {**present["metadata"], "labels": labels}}


def _checked(response: Response, to_do: str) -> Object:
    if 200 <= response.status < 300 and response.is_of_the_api:
        return response.json()
    error = ClusterAwayError if response.may_pass else NotReadyError
    raise error(
        f"The API server refused to {to_do}.",
        why=response.message,
        do="Ask for the right to do so." if response.status == 403 else "Try again in a moment.",
    )
