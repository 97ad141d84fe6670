"""What a sidecar does with connections to its pod: the listener that all of them are redirected to.

Mesh TLS is taken off, HTTP says who the client was (`X-Forwarded-Client-Cert`), and all goes on to
the address and port that it was for, from 127.0.0.6 as in Istio.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutorial.sandbox.mesh.authentication import DISABLE, STRICT, InboundModes
from tutorial.sandbox.mesh.envoy.access_log import access_log
from tutorial.sandbox.mesh.envoy.bootstrap import mark_sockets
from tutorial.sandbox.mesh.envoy.clusters import MeshIdentity
from tutorial.sandbox.mesh.redirect import INBOUND_PORT, INBOUND_SOURCE

PASSTHROUGH = "InboundPassthroughCluster"

_MESH_HTTP = ["istio-http/1.0", "istio-http/1.1", "istio-h2"]
_MESH_TCP = ["istio-peer-exchange", "istio"]
_PLAIN_HTTP = ["http/1.0", "http/1.1", "h2c"]
_CONSUMED_HEADERS = ["x-envoy-peer-metadata", "x-envoy-peer-metadata-id"]
_NETWORK = "type.googleapis.com/envoy.extensions.filters.network."
_LISTENER_FILTERS = "type.googleapis.com/envoy.extensions.filters.listener."
_TRANSPORT = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3."
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

Config = dict[str, Any]


def passthrough_cluster() -> Config:
    """The pod itself, at the address and port that a connection was for."""
    return {
        "name": PASSTHROUGH,
        "type": "ORIGINAL_DST",
        "connect_timeout": "10s",
        "lb_policy": "CLUSTER_PROVIDED",
        "upstream_bind_config": {
            "source_address": {"address": INBOUND_SOURCE, "port_value": 0},
            "socket_options": mark_sockets(),
        },
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: {
                "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
                "use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}},
            }
        },
    }


def virtual_inbound(identity: MeshIdentity, modes: InboundModes) -> Config:
    """The listener of redirected connections to the pod."""
    chains = [chain for port in sorted(modes.ports) for chain in _chains(identity, modes.at(port), port)]
    return {
        "name": "virtualInbound",
        "traffic_direction": "INBOUND",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": INBOUND_PORT}},
        "listener_filters": [
            _listener_filter("original_dst", "OriginalDst"),
            _listener_filter("tls_inspector", "TlsInspector"),
            _listener_filter("http_inspector", "HttpInspector"),
        ],
        "listener_filters_timeout": "0s",
        "continue_on_listener_filters_timeout": True,
        "filter_chains": [*chains, *_chains(identity, modes.mode, None)],
    }


def _listener_filter(name: str, kind: str) -> Config:
    return {
        "name": f"envoy.filters.listener.{name}",
        "typed_config": {"@type": f"{_LISTENER_FILTERS}{name}.v3.{kind}"},
    }


def _chains(identity: MeshIdentity, mode: str, port: int | None) -> Iterator[Config]:
    """The filter chains for one port, or for all ports that have none of their own."""
    suffix = "" if port is None else f"-{port}"
    if mode != DISABLE:
        for name, protocols, filters in (
            ("mtls-http", _MESH_HTTP, _http(mesh=True)),
            ("mtls-tcp", _MESH_TCP, _tcp()),
        ):
            yield {
                "name": name + suffix,
                "filter_chain_match": {
                    **_at(port),
                    "transport_protocol": "tls",
                    "application_protocols": protocols,
                },
                "transport_socket": _mesh_tls(identity),
                "filters": filters,
            }
    if mode != STRICT:
        plain = {**_at(port), "transport_protocol": "raw_buffer", "application_protocols": _PLAIN_HTTP}
        yield {"name": "http" + suffix, "filter_chain_match": plain, "filters": _http(mesh=False)}
        yield {"name": "tcp" + suffix, "filter_chain_match": _at(port), "filters": _tcp()}


def _at(port: int | None) -> Config:
    return {} if port is None else {"destination_port": port}


def _mesh_tls(identity: MeshIdentity) -> Config:
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": _TRANSPORT + "DownstreamTlsContext",
            "require_client_certificate": True,
            "common_tls_context": {
                "alpn_protocols": ["istio-peer-exchange", "istio-h2", "istio-http/1.1", "istio"],
                "tls_certificates": [
                    {
                        "certificate_chain": {"inline_string": identity.certificate_chain},
                        "private_key": {"inline_string": identity.private_key},
                    }
                ],
                "validation_context": {
                    "trusted_ca": {"inline_string": identity.authority},
                    "match_typed_subject_alt_names": [
                        {"san_type": "URI", "matcher": {"prefix": "spiffe://"}}
                    ],
                },
            },
        },
    }


def _tcp() -> list[Config]:
    proxy = {
        "@type": _NETWORK + "tcp_proxy.v3.TcpProxy",
        "stat_prefix": PASSTHROUGH,
        "cluster": PASSTHROUGH,
        "access_log": access_log(),
    }
    return [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]


def _http(*, mesh: bool) -> list[Config]:
    """HTTP to the pod. In the mesh the client's certificate is passed on; from outside nobody can
    claim one."""
    manager: Config = {
        "@type": _NETWORK + "http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "inbound",
        "access_log": access_log(),
        "use_remote_address": False,
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "forward_client_cert_details": "APPEND_FORWARD" if mesh else "SANITIZE",
        "route_config": {
            "name": "inbound",
            "validate_clusters": False,
            "request_headers_to_remove": _CONSUMED_HEADERS,
            "virtual_hosts": [
                {
                    "name": "inbound|http|0",
                    "domains": ["*"],
                    "routes": [
                        {
                            "name": "default",
                            "match": {"prefix": "/"},
                            "route": {"cluster": PASSTHROUGH, "timeout": "0s"},
                        }
                    ],
                }
            ],
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
    }
    if mesh:
        manager["set_current_client_cert_details"] = {"subject": True, "dns": True, "uri": True}
    return [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
