"""What to tell when an API server is not reached, does not take the user, or is none.

Called by all of `tutorial.backends` that ask one, and by the client of the preflight checks.
"""

from __future__ import annotations

import ssl

from tutorial.backends.kubeconfig import Access
from tutorial.backends.proxies import Proxy
from tutorial.backends.response import Response
from tutorial.errors import ClusterAwayError, NotReadyError, UnauthorizedError


def unreachable(access: Access, error: Exception, waited: float, proxy: Proxy | None = None) -> NotReadyError:
    """The error for a request that came to nothing; `waited` is how long that took, seconds."""
    server = access.server
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotReadyError(
            f"The API server {server} is not the one that the kubeconfig describes.",
            why=f"Its certificate was refused: {error.verify_message}.",
            do=f"Check the cluster {access.cluster_name} in: {access.kubectl('config view')}",
        )
    return ClusterAwayError(
        f"The API server {server} cannot be reached.",
        why=on_the_way(_reason(error, waited), proxy),
        do=f"Try it with: {access.kubectl('get --raw /readyz')}",
    )


def unauthorized(access: Access, response: Response) -> UnauthorizedError:
    """The error for a user whom the server does not know."""
    if not access.user_name:
        return UnauthorizedError(
            f"The API server {access.server} does not let anybody in without credentials.",
            why=f"The context {access.context} names no user ({response.message}).",
            do=f"Log in, the way this cluster wants it. See it with: {access.kubectl('config view')}",
        )
    return UnauthorizedError(
        f"The API server {access.server} does not accept the credentials of the user {access.user_name}.",
        why=f"They have expired, or were never valid there ({response.message}).",
        do="Log in again, the way this cluster wants it. Nothing is lost meanwhile.",
    )


def not_of_the_api(access: Access, response: Response) -> ClusterAwayError:
    """The error for an answer that is none of a Kubernetes API server's."""
    return ClusterAwayError(
        f"Something else answers at {access.server} than the API server.",
        why=f"It said: HTTP {response.status}, {response.headers.get('content-type', 'no type')}.",
        do=f"A proxy or a login page may be in the way. Try: {access.kubectl('get --raw /readyz')}",
    )


def on_the_way(reason: str, proxy: Proxy | None) -> str:
    """The reason, and by which proxy the server was asked."""
    return f"{reason.rstrip('.')}. The way there is the proxy {proxy}." if proxy else reason


def _reason(error: Exception, waited: float) -> str:
    if isinstance(error, TimeoutError):
        return f"It did not answer within {waited:.0f} s."
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
