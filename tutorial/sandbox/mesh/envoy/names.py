"""Names that listeners, routes and clusters share: Istio's own, as `istioctl proxy-config` shows,
and those of the files that they are handed over in."""

from __future__ import annotations

from tutorial.sandbox.mesh.registry import Protocol, Service, ServicePort

PASSTHROUGH = "PassthroughCluster"
BLACK_HOLE = "BlackHoleCluster"

CLUSTERS_FILE = "clusters.json"
LISTENERS_FILE = "listeners.json"

HTTP_PROTOCOLS = (Protocol.HTTP, Protocol.HTTP2)


def cluster_name(service: Service, port: ServicePort) -> str:
    """`outbound|80||sleep.default.svc.cluster.local`"""
    return f"outbound|{port.number}||{service.host}"


def server_name(service: Service, port: ServicePort) -> str:
    """The SNI of mesh TLS: `outbound_.80_._.sleep.default.svc.cluster.local`"""
    return f"outbound_.{port.number}_._.{service.host}"


def sniffed_route_name(service: Service, port: ServicePort) -> str:
    """The route configuration of a port whose protocol is found out by looking."""
    return f"{service.host}:{port.number}"


def routes_file(route: str) -> str:
    """The file of one route configuration."""
    return f"routes-{route}.json"
