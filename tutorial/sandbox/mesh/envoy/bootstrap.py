"""The bootstrap of a sidecar's Envoy: who it is, where its configuration files are."""

from __future__ import annotations

from typing import Any

from tutorial.sandbox.mesh.envoy.names import CLUSTERS_FILE, LISTENERS_FILE
from tutorial.sandbox.mesh.injection import READINESS_PATH, READINESS_PORT
from tutorial.sandbox.mesh.redirect import PROXY_MARK

ADMIN_SOCKET = "admin.sock"

_CONNECTION_LIMIT = (
    "type.googleapis.com/"
    "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
)
_MOST_CONNECTIONS = 10_000
_SOL_SOCKET = 1
_SO_MARK = 36


def bootstrap(node_id: str, service: str, folder: str) -> dict[str, Any]:
    """The bootstrap file's content.

    Args:
        node_id: `sidecar~IP~POD.NAMESPACE~DOMAIN`.
        service: the canonical service, `NAME.NAMESPACE`.
        folder: where the proxy finds its other files, as it sees it.
    """
    return {
        "node": {"id": node_id, "cluster": service},
        "admin": {"address": {"pipe": {"path": f"{folder}/{ADMIN_SOCKET}"}}},
        "dynamic_resources": {
            "cds_config": config_source(f"{folder}/{CLUSTERS_FILE}"),
            "lds_config": config_source(f"{folder}/{LISTENERS_FILE}"),
        },
        # Envoy's own connections carry the mark that the pod's redirect rules let through.
        "cluster_manager": {
            "upstream_bind_config": {
                "source_address": {"address": "0.0.0.0", "port_value": 0},
                "socket_options": mark_sockets(),
            }
        },
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": _CONNECTION_LIMIT,
                        "max_active_downstream_connections": _MOST_CONNECTIONS,
                    },
                }
            ]
        },
        "layered_runtime": {
            "layers": [
                {
                    "name": "static",
                    "static_layer": {
                        # As in Istio, a failed request says why mesh TLS failed.
                        "envoy.reloadable_features.hide_transport_failure_reason_in_response_body": False,
                    },
                }
            ]
        },
        "static_resources": {"listeners": [_readiness_listener()]},
    }


def mark_sockets() -> list[dict[str, Any]]:
    """What marks the proxy's own connections, so that they are not redirected to it again."""
    mark = {"level": _SOL_SOCKET, "name": _SO_MARK, "int_value": PROXY_MARK, "state": "STATE_PREBIND"}
    return [mark]


def config_source(path: str) -> dict[str, Any]:
    """A configuration that Envoy reads from a file, again whenever the file is replaced."""
    return {"resource_api_version": "V3", "path_config_source": {"path": path}}


def _readiness_listener() -> dict[str, Any]:
    return {
        "name": "readiness",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": READINESS_PORT}},
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": _readiness_manager(),
                    }
                ]
            }
        ],
    }


def _readiness_manager() -> dict[str, Any]:
    return {
        "@type": (
            "type.googleapis.com/"
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
        ),
        "stat_prefix": "readiness",
        "route_config": {
            "name": "readiness",
            "virtual_hosts": [
                {
                    "name": "readiness",
                    "domains": ["*"],
                    "routes": [{"match": {"path": READINESS_PATH}, "direct_response": {"status": 200}}],
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
