"""What there is to ask an API server, and to be its user. `tutorial.backends.rest` is both.

Used where another client may stand in for it: by `tutorial.backends.discovery` and the preflight's client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tutorial.backends.credentials import Identity
from tutorial.backends.kubeconfig import Access
from tutorial.backends.proxies import Proxy
from tutorial.backends.response import Response

JSON = "application/json"


class Asks(Protocol):
    """Whatever can ask an API server."""

    @property
    def access(self) -> Access:
        """Which server, and which user of the kubeconfig."""
        ...

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        accept: str = JSON,
    ) -> Response: ...

    def get_all(self, paths: Sequence[str], *, accept: str = JSON) -> list[Response]: ...


class User(Protocol):
    """Somebody whom an API server knows, and the way there. Every method may raise NotReadyError."""

    @property
    def access(self) -> Access:
        """Which server, and which user of the kubeconfig."""
        ...

    @property
    def proxy(self) -> Proxy | None:
        """By which proxy the server is asked."""
        ...

    def identity(self) -> Identity:
        """The credentials that requests carry now."""
        ...

    def renew_credentials(self) -> bool:
        """Get others after the server refused these; false when nothing can have changed."""
        ...
