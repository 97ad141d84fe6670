"""A sidecar's routes: by host name to a service's cluster, everything else to where it was going.

The two headers that Istio's metadata exchange filter would add to outgoing requests are added
here, to every route: that filter adds them on the way to the PassthroughCluster, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tutorial.sandbox.mesh.envoy.names import (
    HTTP_PROTOCOLS,
    PASSTHROUGH,
    cluster_name,
    sniffed_route_name,
)
from tutorial.sandbox.mesh.registry import CLUSTER_DOMAIN, Protocol, Service, ServicePort

Config = dict[str, Any]

_RETRIES = {
    "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
    "num_retries": 2,
    "host_selection_retry_max_attempts": "5",
    "retriable_status_codes": [503],
}


def route_configurations(
    services: Iterable[Service], proxy_namespace: str, added_headers: Mapping[str, str]
) -> list[Config]:
    """One configuration for each HTTP port number, and one for each sniffed port.

    Args:
        services: what the proxy knows.
        proxy_namespace: where the short name of a service is enough.
        added_headers: what each request gets on its way out.
    """
    by_port: dict[int, list[Config]] = {}
    sniffed: list[Config] = []
    for service in services:
        for port in service.ports:
            if port.protocol in HTTP_PROTOCOLS:
                host = _virtual_host(service, port, proxy_namespace)
                by_port.setdefault(port.number, []).append(host)
            elif port.protocol is Protocol.AUTO and service.cluster_ip:
                sniffed.append(
                    _configuration(
                        sniffed_route_name(service, port), [_any_host(service, port)], added_headers
                    )
                )
    return [
        *(
            _configuration(str(number), [*_without_duplicates(hosts), _allow_any()], added_headers)
            for number, hosts in sorted(by_port.items())
        ),
        *sniffed,
    ]


def _configuration(name: str, hosts: list[Config], added_headers: Mapping[str, str]) -> Config:
    return {
        "name": name,
        "virtual_hosts": hosts,
        # A cluster may come or go a moment before its route does.
        "validate_clusters": False,
        "ignore_port_in_host_matching": True,
        "request_headers_to_add": [
            {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for key, value in added_headers.items()
        ],
    }


def _virtual_host(service: Service, port: ServicePort, proxy_namespace: str) -> Config:
    names = [(service.namespace, service.name), *service.aliases]
    domains = [domain for namespace, name in names for domain in _domains(namespace, name, proxy_namespace)]
    if service.cluster_ip:
        domains.append(service.cluster_ip)
    return {
        "name": f"{service.host}:{port.number}",
        "domains": domains,
        "include_request_attempt_count": True,
        "routes": [_route("default", cluster_name(service, port), retries=True)],
    }


def _any_host(service: Service, port: ServicePort) -> Config:
    return {
        "name": sniffed_route_name(service, port),
        "domains": ["*"],
        "include_request_attempt_count": True,
        "routes": [_route("default", cluster_name(service, port), retries=True)],
    }


def _allow_any() -> Config:
    return {
        "name": "allow_any",
        "domains": ["*"],
        "include_request_attempt_count": True,
        "routes": [_route("allow_any", PASSTHROUGH, retries=False)],
    }


def _route(name: str, cluster: str, *, retries: bool) -> Config:
    action: Config = {"cluster": cluster, "timeout": "0s"}
    if retries:
        action["retry_policy"] = _RETRIES
    return {"name": name, "match": {"prefix": "/"}, "route": action}


def _domains(namespace: str, name: str, proxy_namespace: str) -> Iterator[str]:
    if namespace == proxy_namespace:
        yield name
    yield f"{name}.{namespace}"
    yield f"{name}.{namespace}.svc"
    yield f"{name}.{namespace}.svc.{CLUSTER_DOMAIN}"


def _without_duplicates(hosts: Iterable[Config]) -> Iterator[Config]:
    """A domain may stand in one virtual host only: the first to claim it keeps it."""
    seen: set[str] = set()
    for host in hosts:
        domains = [domain for domain in host["domains"] if domain not in seen]
        seen.update(domains)
        if domains:
            yield {**host, "domains": domains}
