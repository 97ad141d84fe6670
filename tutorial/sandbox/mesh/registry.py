"""The mesh's view of the cluster: services with protocols and endpoints, as istiod reads them.

Built by `control` from the present objects, read by the modules of `envoy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tutorial.sandbox.net.endpoints import slices_by_service, usable_endpoints
from tutorial.sandbox.ports import Object

CLUSTER_DOMAIN = "cluster.local"


class Protocol(StrEnum):
    """How a proxy reads a port: HTTP and HTTP2 are routed by host, TCP (with everything that is
    encrypted) by address, AUTO by what the client says first."""

    HTTP = "http"
    HTTP2 = "http2"
    TCP = "tcp"
    AUTO = "auto"


# Istio's protocol names, and the prefixed ones of Kubernetes (`appProtocol: kubernetes.io/h2c`).
_PROTOCOLS = {
    "http": Protocol.HTTP,
    "http_proxy": Protocol.HTTP,
    "kubernetes.io/ws": Protocol.HTTP,
    "ws": Protocol.HTTP,
    "http2": Protocol.HTTP2,
    "h2c": Protocol.HTTP2,
    "kubernetes.io/h2c": Protocol.HTTP2,
    "grpc": Protocol.HTTP2,
    "grpc-web": Protocol.HTTP2,
    **dict.fromkeys(
        ("https", "tls", "tcp", "mongo", "redis", "mysql", "kubernetes.io/wss", "wss"), Protocol.TCP
    ),
}
# SMTP, DNS, MySQL, MongoDB: there the server speaks first, so that sniffing would wait for ever.
_SERVER_FIRST_PORTS = frozenset({25, 53, 3306, 27017})


@dataclass(frozen=True)
class ServicePort:
    """One TCP port of a service and where it leads, as (address, port)."""

    number: int
    protocol: Protocol
    endpoints: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Service:
    """A service that the proxies know. `cluster_ip` is empty for a headless one; `aliases` are
    the ExternalName services that lead to it, as (namespace, name)."""

    namespace: str
    name: str
    cluster_ip: str
    ports: tuple[ServicePort, ...]
    aliases: tuple[tuple[str, str], ...] = ()

    @property
    def host(self) -> str:
        return host_name(self.namespace, self.name)


def host_name(namespace: str, name: str) -> str:
    """The full name of a service."""
    return f"{name}.{namespace}.svc.{CLUSTER_DOMAIN}"


def registry(services: Iterable[Object], slices: Iterable[Object]) -> tuple[Service, ...]:
    """All services but ExternalName ones, by host. Since Istio 1.21 an ExternalName service is an
    alias: it gives its names to the service that it leads to, when that is in the registry, and
    is nothing otherwise."""
    aliases: dict[str, list[tuple[str, str]]] = {}
    real: list[Object] = []
    for service in services:
        spec, metadata = service["spec"], service["metadata"]
        if spec.get("type") == "ExternalName":
            target = spec.get("externalName", "").rstrip(".").lower()
            aliases.setdefault(target, []).append((metadata["namespace"], metadata["name"]))
        else:
            real.append(service)
    of_service = slices_by_service(slices)
    found = []
    for service in real:
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        address = service["spec"].get("clusterIP") or ""
        found.append(
            Service(
                namespace,
                name,
                "" if address == "None" else address,
                tuple(_ports(service, of_service.get((namespace, name), []))),
                tuple(sorted(aliases.get(host_name(namespace, name), ()))),
            )
        )
    return tuple(sorted(found, key=lambda service: service.host))


def protocol_of(port: Object) -> Protocol:
    """A service port's protocol: its `appProtocol`, else its name up to the first `-`."""
    name = (port.get("appProtocol") or port.get("name") or "").lower()
    prefix = "grpc-web" if name.startswith("grpc-web") else name.split("-")[0]
    known = _PROTOCOLS.get(name) or _PROTOCOLS.get(prefix)
    if known is not None:
        return known
    return Protocol.TCP if port["port"] in _SERVER_FIRST_PORTS else Protocol.AUTO


def _ports(service: Object, slices: list[Object]) -> Iterator[ServicePort]:
    for port in service["spec"].get("ports") or ():
        if port.get("protocol", "TCP") == "TCP":
            endpoints = usable_endpoints(slices, port.get("name") or "")
            yield ServicePort(port["port"], protocol_of(port), endpoints)
