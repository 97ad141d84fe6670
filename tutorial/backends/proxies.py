"""The HTTP proxy on the way to an API server, chosen as kubectl chooses it.

Called by `tutorial.backends.rest`, for itself and the client of the preflight checks, and by
`tutorial.classroom.files`. A `proxy-url` in the kubeconfig always counts. Without one HTTPS_PROXY, HTTP_PROXY
and NO_PROXY of the environment do, never for loopback (Go: `golang.org/x/net/http/httpproxy`). A proxy's
password is in no message.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from tutorial.backends.kubeconfig import Access
from tutorial.errors import NotReadyError

_PORTS = {"http": 80, "https": 443}
_SUPPORTED = "http"
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy. `source` is what names it; `headers` are for the proxy alone, with its password."""

    host: str
    port: int
    source: str
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        """Without user and password."""
        return f"http://{bracketed(self.host)}:{self.port}"

    def __str__(self) -> str:
        return f"{self.address} ({self.source})"


def proxy_for(access: Access, environment: Mapping[str, str]) -> Proxy | None:
    """The proxy by which the API server is asked; None for none.

    Raises:
        NotReadyError: it is no proxy, or of a kind that is not supported.
    """
    named = str(access.cluster.get("proxy-url") or "")
    if named:
        return _proxy(access, named, "the kubeconfig's proxy-url")
    server = urlsplit(access.server)
    for variable in _variables(server.scheme):
        if environment.get(variable):
            if not _goes_by_proxy(server, environment.get("NO_PROXY") or environment.get("no_proxy") or ""):
                return None
            value = environment[variable]
            return _proxy(access, value if "://" in value else f"http://{value}", f"the variable {variable}")
    return None


def without_credentials(url: str) -> str:
    """A proxy's URL without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def bracketed(host: str) -> str:
    """A host as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def _variables(scheme: str) -> tuple[str, ...]:
    name = {"https": "HTTPS_PROXY", "http": "HTTP_PROXY"}.get(scheme)
    return (name, name.lower()) if name else ()


def _proxy(access: Access, url: str, source: str) -> Proxy:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS["http"]
        (host or "").encode("idna")  # as it will be looked up
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    if not host or not parts.scheme:
        raise _refused(access, f"{source[0].upper()}{source[1:]} is no address of a proxy.")
    if parts.scheme != _SUPPORTED:
        kind = (
            f"{source[0].upper()}{source[1:]} names a {parts.scheme} proxy. Only http proxies are supported."
        )
        raise _refused(access, kind)
    return Proxy(host, port, source, _authorization(parts))


def _authorization(parts: SplitResult) -> tuple[tuple[str, str], ...]:
    if parts.username is None:
        return ()
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return (("Proxy-Authorization", "Basic " + base64.b64encode(pair.encode()).decode()),)


def _refused(access: Access, why: str) -> NotReadyError:
    return NotReadyError(
        f"The API server {access.server} cannot be reached through that proxy.",
        why=why,
        do="Name a proxy http://HOST:PORT, or reach the server without one, by a VPN or a tunnel.",
    )


def _goes_by_proxy(server: SplitResult, exceptions: str) -> bool:
    """Whether the server is no exception. An exception is a host, a domain with what is below it (`.domain`,
    `*.domain`: only what is below it), an address, or a range of addresses; each with a port or without; or
    `*` for everything."""
    host = (server.hostname or "").rstrip(".").lower()
    try:
        port = str(server.port or _PORTS[server.scheme])
    except ValueError:
        return False
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return False
    entries = [entry for each in exceptions.split(",") if (entry := each.strip().lower())]
    return not any(_is_excepted(entry, host, port, address) for entry in entries)


def _is_excepted(entry: str, host: str, port: str, address: _Address | None) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        return address is not None and _is_in(address, entry)
    name, wanted_port = _host_and_port(entry)
    if not name or wanted_port not in ("", port):
        return False
    excepted = _address(name)
    if excepted is not None:
        return excepted == address
    domain = name[1:] if name.startswith("*.") else name
    return host.endswith(domain) if domain.startswith(".") else f".{host}".endswith(f".{domain}")


def _host_and_port(entry: str) -> tuple[str, str]:
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = entry.rpartition(":")
    return (entry, "") if entry.count(":") != 1 else (name, port)


def _is_in(address: _Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
