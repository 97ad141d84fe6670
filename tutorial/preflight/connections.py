"""The connections of the preflight's client: what the Kubernetes library sends its requests through.

Made by `tutorial.preflight.client`, and used from several threads at once. It stands in for the library's
pool of connections, so that each request carries the credentials of its moment, and each header as often as
it must; that it goes by the same proxy and TLS as those of `tutorial.backends.rest`; and that no key stays in
a file.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tutorial.backends.asking import User
from tutorial.backends.credentials import Identity
from tutorial.backends.transport import skips_verification, tls_context

CONNECTIONS = 16
"""How many requests may be under way at once."""


class Connections:
    """To one API server, as one user. It has the methods of urllib3's PoolManager that the library calls."""

    def __init__(self, user: User) -> None:
        """Raises NotReadyError: the library cannot be this user, or go that way."""
        self._user = user
        self._lock = threading.Lock()
        self._identity = user.identity()
        self._pool = self._open_pool(self._identity)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Any:
        """As of a PoolManager; a user whom the server refuses (401) is tried again where the credentials can
        be renewed. Raises NotReadyError: there are none now."""
        identity, pool = self._current()
        answer = pool.request(method, url, headers=_with(headers, identity), **options)
        if answer.status == 401 and self._renewed(identity):
            answer.drain_conn()
            identity, pool = self._current()
            answer = pool.request(method, url, headers=_with(headers, identity), **options)
        return answer

    def clear(self) -> None:
        """Close them."""
        self._pool.clear()

    def _current(self) -> tuple[Identity, Any]:
        with self._lock:
            identity = self._user.identity()
            if identity.certificate != self._identity.certificate:
                self._pool.clear()
                self._pool = self._open_pool(identity)
            self._identity = identity
            return identity, self._pool

    def _renewed(self, refused: Identity) -> bool:
        """Whether there are other credentials than the refused: got now, or by another thread meanwhile."""
        with self._lock:
            return self._identity != refused or self._user.renew_credentials()

    def _open_pool(self, identity: Identity) -> Any:
        import urllib3

        options: dict[str, Any] = {"maxsize": CONNECTIONS, "retries": False, **self._tls(identity)}
        proxy = self._user.proxy
        if proxy is None:
            return urllib3.PoolManager(**options)
        return urllib3.ProxyManager(proxy.address, proxy_headers=dict(proxy.headers), **options)

    def _tls(self, identity: Identity) -> dict[str, Any]:
        access = self._user.access
        if urlsplit(access.server).scheme != "https":
            return {}
        insecure = skips_verification(access)
        if insecure:
            import urllib3

            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        options: dict[str, Any] = {
            "ssl_context": tls_context(access, identity),
            "cert_reqs": "CERT_NONE" if insecure else "CERT_REQUIRED",
        }
        if access.cluster.get("tls-server-name"):
            options["server_hostname"] = str(access.cluster["tls-server-name"])
        return options


def _with(headers: Mapping[str, str] | None, identity: Identity) -> Any:
    """The headers with the user's; those that come several times, as impersonated groups, stay apart."""
    import urllib3

    found = urllib3.HTTPHeaderDict(headers or {})
    for name, value in identity.headers:
        found.add(name, value.encode().decode("latin-1"))  # which the library makes bytes of
    return found
