"""Opens the connection to an API server: TCP, through a proxy or not, TLS and a client certificate.

Called by `tutorial.backends.rest`; its TLS context also by the client of the preflight checks.
"""

from __future__ import annotations

import errno
import http.client
import os
import re
import select
import socket
import ssl
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from tutorial.backends.credentials import Identity
from tutorial.backends.kubeconfig import Access, from_base64
from tutorial.backends.proxies import Proxy, bracketed
from tutorial.backends.silence import Silence
from tutorial.errors import NotReadyError
from tutorial.text.escapes import safe_text

_DATA = "certificate-authority-data"
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def open_connection(
    access: Access,
    identity: Identity,
    connect_seconds: float,
    read_seconds: float,
    silence: Silence,
    *,
    proxy: Proxy | None = None,
) -> http.client.HTTPConnection:
    """A connected connection; every later operation on it has `read_seconds`. Over a proxy TLS goes through a
    tunnel (CONNECT); plain HTTP does not, and its requests must be the proxy's.

    Args:
        silence: waits for the server while TLS is agreed on.

    Raises:
        NotReadyError: the kubeconfig's server or certificates make no sense.
        OSError: the server cannot be reached, or is not who it should be.
    """
    parts = urlsplit(access.server)
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise _broken(access, f"its server {access.server} is no http or https address")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _broken(access, f"its address cannot be used ({error})") from None
    context = tls_context(access, identity) if parts.scheme == "https" else None
    connection = http.client.HTTPConnection(host, port, timeout=read_seconds)
    first = (host, port) if proxy is None else (proxy.host, proxy.port)
    name = str(access.cluster.get("tls-server-name") or host)
    _check_names(access, host, name)
    stream = socket.create_connection(first, timeout=connect_seconds)
    try:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None and proxy is not None:
            _open_tunnel(stream, proxy, f"{bracketed(host)}:{port}")
        if context is not None:
            stream = context.wrap_socket(stream, server_hostname=name, do_handshake_on_connect=False)
            _shake_hands(stream, connect_seconds, silence)
        stream.settimeout(read_seconds)
    except BaseException:
        stream.close()
        raise
    connection.sock = stream
    return connection


def _check_names(access: Access, *hosts: str) -> None:
    """Refuse what can be no host's name: an empty part between its dots, or one that is too long."""
    for each in hosts:
        try:
            each.encode("idna")
        except UnicodeError:
            raise _broken(access, f"{each} can be no host's name") from None


def _open_tunnel(stream: socket.socket, proxy: Proxy, target: str) -> None:
    """Ask the proxy for a tunnel (RFC 9110, section 9.3.6). Raises OSError: it makes none."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in (("Host", target), *proxy.headers))
    stream.sendall(f"CONNECT {target} HTTP/1.1\r\n{headers}\r\n".encode())
    answer = http.client.HTTPResponse(stream, method="CONNECT")
    try:
        answer.begin()
    finally:
        answer.close()
    if answer.status != 200:
        raise OSError(f"The proxy refused: {answer.status} {safe_text(answer.reason)}.")


def _shake_hands(stream: ssl.SSLSocket, seconds: float, silence: Silence) -> None:
    """Agree on TLS, within so many seconds. Raises OSError: the server does not, or does not answer."""
    deadline = time.monotonic() + seconds
    stream.settimeout(0)
    while True:
        left = max(0.0, deadline - time.monotonic())
        try:
            stream.do_handshake()
        except ssl.SSLWantReadError:
            silence.wait(stream, left)
        except ssl.SSLWantWriteError:
            if not select.select([], [stream], [], left)[1]:
                raise TimeoutError(errno.ETIMEDOUT, "Nothing could be sent") from None
        else:
            return


def tls_context(access: Access, identity: Identity) -> ssl.SSLContext:
    """How to speak TLS with the cluster of the kubeconfig, as the user of the identity.

    What kubectl refuses is refused, too (client-go: `validateClusterInfo`, `TLSConfigFor`).

    Raises:
        NotReadyError: a certificate or a key cannot be used.
    """
    cluster = access.cluster
    data = cluster.get("certificate-authority-data")
    file = cluster.get("certificate-authority")
    if data and file:
        raise _broken(access, f"it has both {_DATA} and certificate-authority, and only one can be meant")
    insecure = skips_verification(access)
    if insecure and (data or file):
        raise _broken(access, "it has both insecure-skip-tls-verify and a certificate-authority to verify by")
    try:
        context = ssl.create_default_context(cadata=_authority(access, data, file))
    except (ValueError, TypeError, OSError):
        raise _broken(access, f"its {_DATA if data else file} holds no certificate") from None
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # many clusters' own authorities are not strict
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if identity.certificate:
        try:
            _load_certificate(context, identity.certificate, identity.key or b"")
        except (ValueError, TypeError, OSError) as error:
            raise _broken(access, f"its client certificate or key cannot be used ({error})") from None
    return context


def skips_verification(access: Access) -> bool:
    """Whether the kubeconfig wants the server's certificate not to be verified.

    Raises:
        NotReadyError: it says neither true nor false: a text is not taken for either, as by kubectl.
    """
    value = access.cluster.get("insecure-skip-tls-verify")
    if value is not None and not isinstance(value, bool):
        raise _broken(access, "its insecure-skip-tls-verify is neither true nor false")
    return bool(value)


def _authority(access: Access, data: object, file: object) -> str | None:
    """The certificates of the kubeconfig's authority, as PEM; None for those that this machine trusts.
    Whatever else is in a file of certificates is passed over, as by Go."""
    if not data and not file:
        return None
    try:
        found = from_base64(str(data)) if data else Path(str(file)).read_bytes()
    except (ValueError, OSError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise _broken(
            access, f"its {_DATA} is no base64" if data else f"{file} cannot be read ({why})"
        ) from None
    return b"\n".join(_CERTIFICATE.findall(found)).decode("ascii", errors="replace") or "none"


def _load_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """`ssl` reads files only: the key is in one of the user's own (0600) for that instant."""
    descriptor, path = tempfile.mkstemp(prefix="egress-tutorial-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(certificate.rstrip() + b"\n" + key)
        context.load_cert_chain(path, password=_no_password)
    finally:
        os.unlink(path)  # noqa: PTH108 (mkstemp gives a string)


def _no_password() -> str:
    """An encrypted key is an error, not a question on the terminal."""
    raise ValueError("the client key is encrypted")


def _broken(access: Access, why: str) -> NotReadyError:
    return NotReadyError(
        f"The context {access.context} cannot be used.",
        why=f"In the kubeconfig, {why}.",
        do=access.kubectl("config view"),
    )
