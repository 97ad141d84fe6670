"""A sidecar's outgoing listeners, and the connection managers in them.

`virtualOutbound` takes every redirected connection and hands it to the listener of its original
destination: `0.0.0.0_PORT` for HTTP, `CLUSTERIP_PORT` for the rest. What no listener is for goes
on to where it was going (PassthroughCluster).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tutorial.sandbox.mesh.envoy.access_log import access_log
from tutorial.sandbox.mesh.envoy.bootstrap import config_source
from tutorial.sandbox.mesh.envoy.names import (
    HTTP_PROTOCOLS,
    PASSTHROUGH,
    cluster_name,
    routes_file,
    sniffed_route_name,
)
from tutorial.sandbox.mesh.redirect import OUTBOUND_PORT
from tutorial.sandbox.mesh.registry import Protocol, Service, ServicePort

_ANY_ADDRESS = "0.0.0.0"
_NETWORK = "type.googleapis.com/envoy.extensions.filters.network."
_LISTENER_FILTERS = "type.googleapis.com/envoy.extensions.filters.listener."

Config = dict[str, Any]


def listeners(services: Iterable[Service], folder: str, inbound: Config) -> list[Config]:
    """Every listener of a proxy; `folder` holds its files, as it sees it, `inbound` is the listener
    of connections to its pod."""
    http_ports: set[int] = set()
    by_address: dict[str, Config] = {}
    for service in services:
        for port in service.ports:
            if port.protocol in HTTP_PROTOCOLS:
                http_ports.add(port.number)
            elif service.cluster_ip:
                listener = _address_listener(service, port, folder)
                by_address[listener["name"]] = listener
    return [
        _virtual_outbound(),
        inbound,
        *(_http_listener(port, folder) for port in sorted(http_ports)),
        *(by_address[name] for name in sorted(by_address)),
    ]


def _virtual_outbound() -> Config:
    return {
        "name": "virtualOutbound",
        "traffic_direction": "OUTBOUND",
        "address": _socket_address(_ANY_ADDRESS, OUTBOUND_PORT),
        "use_original_dst": True,
        "filter_chains": [_tcp_chain("virtualOutbound-catchall-tcp", PASSTHROUGH)],
    }


def _http_listener(port: int, folder: str) -> Config:
    return {
        **_unbound(f"{_ANY_ADDRESS}_{port}", _ANY_ADDRESS, port),
        **_sniffing(),
        "filter_chains": [_http_chain(f"outbound_{_ANY_ADDRESS}_{port}", str(port), folder)],
        "default_filter_chain": _tcp_chain("PassthroughFilterChain", PASSTHROUGH),
    }


def _address_listener(service: Service, port: ServicePort, folder: str) -> Config:
    name = f"{service.cluster_ip}_{port.number}"
    base = _unbound(name, service.cluster_ip, port.number)
    opaque = _tcp_chain("", cluster_name(service, port))
    if port.protocol is Protocol.TCP:
        return {**base, "filter_chains": [opaque]}
    return {
        **base,
        **_sniffing(),
        "filter_chains": [_http_chain(f"outbound_{name}", sniffed_route_name(service, port), folder)],
        "default_filter_chain": opaque,
    }


def _unbound(name: str, address: str, port: int) -> Config:
    return {
        "name": name,
        "traffic_direction": "OUTBOUND",
        "address": _socket_address(address, port),
        "bind_to_port": False,
    }


def _sniffing() -> Config:
    """Look at the first bytes before a filter chain is chosen, for as long as it takes."""
    return {
        "listener_filters": [
            {
                "name": "envoy.filters.listener.tls_inspector",
                "typed_config": {"@type": _LISTENER_FILTERS + "tls_inspector.v3.TlsInspector"},
            },
            {
                "name": "envoy.filters.listener.http_inspector",
                "typed_config": {"@type": _LISTENER_FILTERS + "http_inspector.v3.HttpInspector"},
            },
        ],
        "listener_filters_timeout": "0s",
        "continue_on_listener_filters_timeout": True,
    }


def _http_chain(stat_prefix: str, route_name: str, folder: str) -> Config:
    return {
        "filter_chain_match": {
            "transport_protocol": "raw_buffer",
            "application_protocols": ["http/1.1", "h2c"],
        },
        "filters": [
            {
                "name": "envoy.filters.network.http_connection_manager",
                "typed_config": _connection_manager(stat_prefix, route_name, folder),
            }
        ],
    }


def _connection_manager(stat_prefix: str, route_name: str, folder: str) -> Config:
    return {
        "@type": _NETWORK + "http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": stat_prefix,
        "rds": {
            "route_config_name": route_name,
            "config_source": config_source(f"{folder}/{routes_file(route_name)}"),
        },
        "access_log": access_log(),
        "use_remote_address": False,
        "normalize_path": True,
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
    }


def _tcp_chain(name: str, cluster: str) -> Config:
    return {
        **({"name": name} if name else {}),
        "filters": [
            {
                "name": "envoy.filters.network.tcp_proxy",
                "typed_config": {
                    "@type": _NETWORK + "tcp_proxy.v3.TcpProxy",
                    "stat_prefix": cluster,
                    "cluster": cluster,
                    "access_log": access_log(),
                },
            }
        ],
    }


def _socket_address(address: str, port: int) -> Config:
    return {"socket_address": {"address": address, "port_value": port}}
