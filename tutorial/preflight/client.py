"""Look-ups in a cluster by the Kubernetes client library: the only module that imports it.

Made by `tutorial.preflight.gate` and `doctor`, and used by `looking`, from several threads at once, and by
`probe`. Importing the library takes a quarter of a second, so it happens when a client is made. Only its
DynamicClient is used: the typed API would take another second. Its connections are `connections`, so that
this client and the one of `tutorial.backends` are the same user and go the same way.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tutorial.backends.asking import JSON, User
from tutorial.backends.discovery import Resource, Served, discover
from tutorial.backends.kubeconfig import Access
from tutorial.backends.refusals import on_the_way
from tutorial.backends.response import Response
from tutorial.errors import ClusterAwayError
from tutorial.preflight.connections import Connections
from tutorial.preflight.survey import Look, Object, Review
from tutorial.text.escapes import safe_text

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
RETRY_DELAYS = (0.2, 0.5, 1.0)
"""How long to wait before a question is put again whose answer was cut, or that a busy server put off."""

_BUSY = frozenset({429, 503})


class RefusedError(Exception):
    """The server answered with a status that is no success; the message is its own, safe to show."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _CutError(ClusterAwayError):
    """The connection was cut before the answer had come."""


class KubernetesClient:
    """One API server. Where a method does not say otherwise, it raises ClusterAwayError when the server
    cannot be reached. After that, further questions are not put."""

    def __init__(self, user: User, served: Served | None = None) -> None:
        """`served` is what the server serves, where that is known already.

        Raises:
            NotReadyError: the user's credentials, or the way to the server, cannot be used.
        """
        from kubernetes import client, dynamic

        configuration = client.Configuration()
        configuration.host = user.access.server.rstrip("/")
        configuration.proxy = None
        self._access = user.access
        self._proxy = user.proxy
        self._connections = Connections(user)
        self._api = client.ApiClient(configuration)
        self._api.rest_client.pool_manager = self._connections
        self._api.set_default_header("User-Agent", "egress-tutorial")
        self._dynamic = dynamic.DynamicClient(self._api, discoverer=_no_discovery)
        self._served = served
        self._away: ClusterAwayError | None = None

    @property
    def access(self) -> Access:
        """Which server, and which user of the kubeconfig."""
        return self._access

    def close(self) -> None:
        """Close its connections."""
        self._api.close()
        self._connections.clear()

    def served(self) -> Served:
        """What the server serves. Raises NotReadyError when it does not say."""
        if self._served is None:
            self._served = discover(self)
        return self._served

    def find(self, kind: str) -> Resource | None:
        """What the server calls `kind` (`svc`, `deployment.apps`); None when it does not know it."""
        return next((each for each in self.served().resources if each.answers_to(kind.lower())), None)

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        accept: str = JSON,
    ) -> Response:
        """As `tutorial.backends.rest.RestClient.request`, for what may be asked twice."""

        def ask(**options: Any) -> Response:
            answer = self._dynamic.request(
                method, path, body=body, header_params={"Accept": accept}, serialize=False, **options
            )
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status, headers, answer.data)

        try:
            answer: Response = self._ask(ask)
        except RefusedError as error:
            return Response(error.status, {}, json.dumps({"message": str(error)}).encode())
        return answer

    def get_all(self, paths: Sequence[str], *, accept: str = JSON) -> list[Response]:
        """As `tutorial.backends.rest.RestClient.get_all`, one after the other."""
        return [self.request("GET", path, accept=accept) for path in paths]

    def look(self, kind: str, namespace: str | None = None, name: str = "", *, labels: str = "") -> Look:
        """The object of that name, or all objects that have the labels. Where the server does not know
        the kind, or has no such object, there are none. What cannot be had is noted as refused."""
        resource = self.find(kind)
        if resource is None:
            return Look()
        options: dict[str, Any] = {"label_selector": labels} if labels else {}
        if not name:
            options["limit"] = 500
        try:
            found = self._ask(
                self._dynamic.get,
                self._target(resource),
                name or None,
                namespace,
                serializer=_as_it_is,
                **options,
            )
        except RefusedError as error:
            return Look() if error.status == 404 else Look(refused=str(error))
        except ClusterAwayError as error:
            return Look(refused=error.why)
        return Look((found,) if name else tuple(found.get("items") or ()))

    def review(self, verb: str, resource: Resource, namespace: str, name: str, subresource: str) -> Review:
        """Whether the user may do that (a self subject access review); None when there is no answer."""
        target = self.find("selfsubjectaccessreview.authorization.k8s.io")
        if target is None:
            return Review(None, "the server does not serve access reviews")
        attributes = {
            "verb": verb,
            "group": resource.group,
            "version": resource.version,
            "resource": resource.plural,
            "subresource": subresource,
            "namespace": namespace,
            "name": name,
        }
        body = {
            "apiVersion": target.api_version,
            "kind": target.kind,
            "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
        }
        try:
            answer = self._ask(self._dynamic.create, self._target(target), body, None, serializer=_as_it_is)
        except RefusedError as error:
            return Review(None, str(error))
        except ClusterAwayError as error:
            return Review(None, error.why)
        status = answer.get("status") or {}
        return Review(bool(status.get("allowed")), safe_text(str(status.get("reason") or "")))

    def create(self, resource: Resource, namespace: str | None, body: Mapping[str, Any]) -> Object:
        """Create an object. Raises RefusedError."""
        created: Object = self._once(
            self._dynamic.create, self._target(resource), body, namespace, serializer=_as_it_is
        )
        return created

    def delete(self, resource: Resource, namespace: str, name: str, uid: str) -> None:
        """Delete the object if it still has that uid. Raises RefusedError."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        self._ask(
            self._dynamic.delete, self._target(resource), name, namespace, body=options, serializer=_as_it_is
        )

    def _ask(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Put a question that may be put twice; again where its answer was cut or put off."""
        for delay in RETRY_DELAYS:
            try:
                return self._once(function, *arguments, **options)
            except RefusedError as error:
                if error.status not in _BUSY:
                    raise
            except _CutError:
                pass  # the server was there, and may answer now
            time.sleep(delay)
        return self._once(function, *arguments, **options)

    def _once(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Raises RefusedError, or ClusterAwayError: a _CutError where the connection was cut."""
        import urllib3
        from kubernetes.dynamic.exceptions import DynamicApiError

        if self._away is not None:
            raise self._away
        try:
            answer = function(*arguments, _request_timeout=(CONNECT_SECONDS, READ_SECONDS), **options)
        except urllib3.exceptions.ProtocolError as error:
            raise self._no_answer(_CutError, error) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self._away = self._no_answer(ClusterAwayError, error)
            raise self._away from None
        except DynamicApiError as error:
            if error.status:
                raise RefusedError(error.status, _message(error.body, error.reason)) from None
            self._away = self._no_answer(ClusterAwayError, error.reason)
            raise self._away from None
        if not isinstance(answer, dict | Response):
            raise RefusedError(0, "something else than the API server answers")
        return answer

    def _no_answer(self, kind: type[ClusterAwayError], reason: object) -> ClusterAwayError:
        return kind(
            f"The API server {self._access.server} does not answer.",
            why=on_the_way(safe_text(str(reason)), self._proxy),
            do=f"Try it with: {self._access.kubectl('get --raw /readyz')}",
        )

    def _target(self, resource: Resource) -> Any:
        """The resource as the library knows it."""
        from kubernetes.dynamic.resource import Resource as LibraryResource

        return LibraryResource(
            prefix="apis" if resource.group else "api",
            group=resource.group,
            api_version=resource.version,
            kind=resource.kind,
            namespaced=resource.namespaced,
            verbs=sorted(resource.verbs),
            name=resource.plural,
            client=self._dynamic,
        )


def _no_discovery(*_: object) -> None:
    """In place of the library's own discovery, which asks once a group and caches in the temporary folder."""


def _as_it_is(_: object, answer: Object) -> Object:
    return answer


def _message(body: object, reason: object) -> str:
    """The server's own words."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    try:
        said = json.loads(text).get("message") or reason
    except (ValueError, AttributeError):
        said = text[:200] or reason
    return safe_text(str(said))
