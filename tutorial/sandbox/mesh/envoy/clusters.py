"""A sidecar's clusters: where connections go, and how TLS and balancing are done on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tutorial.sandbox.mesh.destination_rules import VisibleRules, policy_for
from tutorial.sandbox.mesh.envoy.names import (
    BLACK_HOLE,
    HTTP_PROTOCOLS,
    PASSTHROUGH,
    cluster_name,
    server_name,
)
from tutorial.sandbox.mesh.registry import Protocol, Service, ServicePort
from tutorial.sandbox.ports import Object

REFUSED_MESSAGE = (
    "TLS mode MUTUAL needs client certificates in the sidecar, and the sandbox mounts none there: "
    "requests to this host will fail. Use SIMPLE, ISTIO_MUTUAL or DISABLE."
)
SYSTEM_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"

_CONNECT_TIMEOUT = "10s"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_BALANCERS = {
    "ROUND_ROBIN": "ROUND_ROBIN",
    "RANDOM": "RANDOM",
    "LEAST_REQUEST": "LEAST_REQUEST",
    "LEAST_CONN": "LEAST_REQUEST",
    "UNSPECIFIED": "LEAST_REQUEST",
}

Config = dict[str, Any]


@dataclass(frozen=True)
class MeshIdentity:
    """PEM texts with which a proxy proves who it is in the mesh, and knows others."""

    certificate_chain: str
    private_key: str
    authority: str


TakesMeshTls = Callable[[str, int], bool]
"""Whether the pod at that address takes mesh TLS on that port."""


def clusters(
    services: Iterable[Service],
    rules: Sequence[Object],
    proxy_namespace: str,
    identity: MeshIdentity,
    takes_mesh_tls: TakesMeshTls,
) -> list[Config]:
    """Every cluster of a proxy for connections out of its pod."""
    built = [_passthrough(), {"name": BLACK_HOLE, "type": "STATIC", "connect_timeout": _CONNECT_TIMEOUT}]
    visible = VisibleRules(rules, proxy_namespace)
    for service in services:
        rule = visible.rule_for(service)
        built += [
            _cluster(service, port, policy_for(rule, port.number), identity, takes_mesh_tls)
            for port in service.ports
        ]
    return built


def is_refused(policy: Config) -> bool:
    """MUTUAL needs client certificates in the proxy's file system, where the sandbox mounts none:
    such a cluster has no endpoints."""
    return bool((policy.get("tls") or {}).get("mode") == "MUTUAL")


def _passthrough() -> Config:
    return {
        "name": PASSTHROUGH,
        "type": "ORIGINAL_DST",
        "connect_timeout": _CONNECT_TIMEOUT,
        "lb_policy": "CLUSTER_PROVIDED",
        "typed_extension_protocol_options": _http_options(
            {"use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}}}
        ),
    }


def _cluster(
    service: Service,
    port: ServicePort,
    policy: Config,
    identity: MeshIdentity,
    takes_mesh_tls: TakesMeshTls,
) -> Config:
    name = cluster_name(service, port)
    tls = policy.get("tls") or {}
    endpoints = () if is_refused(policy) else port.endpoints
    meshed = frozenset() if tls else frozenset(one for one in endpoints if takes_mesh_tls(*one))
    config: Config = {"name": name, "connect_timeout": _CONNECT_TIMEOUT}
    balancer = (policy.get("loadBalancer") or {}).get("simple", "LEAST_REQUEST")
    if balancer == "PASSTHROUGH" and not is_refused(policy):
        config |= {"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}
    else:
        config |= {
            "type": "STATIC",
            "lb_policy": _BALANCERS.get(balancer, "LEAST_REQUEST"),
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{"lb_endpoints": [_endpoint(*one, meshed=one in meshed) for one in endpoints]}],
            },
        }
    options = _protocol(port.protocol)
    match tls.get("mode"):
        case "SIMPLE":
            config["transport_socket"] = _tls_socket(_simple_tls(tls, port.protocol))
            options |= _names_from_request(tls)
        case "ISTIO_MUTUAL":
            config["transport_socket"] = _tls_socket(_mesh_tls(service, port, identity))
        case None if meshed:
            config["transport_socket_matches"] = _by_endpoint(_tls_socket(_mesh_tls(service, port, identity)))
    if port.protocol is not Protocol.TCP:
        config["typed_extension_protocol_options"] = _http_options(options)
    return config


def _endpoint(address: str, port: int, *, meshed: bool) -> Config:
    endpoint: Config = {"endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}}}
    if meshed:
        endpoint["metadata"] = {"filter_metadata": {"envoy.transport_socket_match": {"tlsMode": "istio"}}}
    return endpoint


def _by_endpoint(mesh_tls: Config) -> list[Config]:
    """Istio's automatic mTLS: endpoints with a sidecar are spoken to with mesh TLS, others plainly."""
    plain = {
        "name": "envoy.transport_sockets.raw_buffer",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"
        },
    }
    return [
        {"name": "tlsMode-istio", "match": {"tlsMode": "istio"}, "transport_socket": mesh_tls},
        {"name": "tlsMode-disabled", "match": {}, "transport_socket": plain},
    ]


def _protocol(protocol: Protocol) -> Config:
    match protocol:
        case Protocol.HTTP2:
            return {"explicit_http_config": {"http2_protocol_options": {}}}
        case Protocol.AUTO:
            return {
                "use_downstream_protocol_config": {
                    "http_protocol_options": {},
                    "http2_protocol_options": {},
                }
            }
        case _:
            return {"explicit_http_config": {"http_protocol_options": {}}}


def _http_options(options: Config) -> Config:
    return {_HTTP_OPTIONS: {"@type": f"type.googleapis.com/{_HTTP_OPTIONS}", **options}}


def _names_from_request(tls: Config) -> Config:
    """Without a server name in the rule, the request's host is the one that TLS asks for, and the
    one that the certificate must be for unless the rule names others. With a server name and no
    other names only the certificate's authority is checked, as in Istio."""
    if tls.get("sni"):
        return {}
    check = not tls.get("insecureSkipVerify") and not tls.get("subjectAltNames")
    return {"upstream_http_protocol_options": {"auto_sni": True, "auto_san_validation": check}}


def _simple_tls(tls: Config, protocol: Protocol) -> Config:
    common: Config = {}
    if protocol in HTTP_PROTOCOLS:
        common["alpn_protocols"] = ["h2" if protocol is Protocol.HTTP2 else "http/1.1"]
    if not tls.get("insecureSkipVerify"):
        authorities = tls.get("caCertificates")
        path = SYSTEM_CERTIFICATES if authorities in (None, "", "system") else authorities
        common["validation_context"] = {
            "trusted_ca": {"filename": path},
            "match_typed_subject_alt_names": [
                {"san_type": kind, "matcher": {"exact": name}}
                for name in tls.get("subjectAltNames") or ()
                for kind in ("DNS", "URI")
            ],
        }
    context: Config = {"common_tls_context": common}
    if tls.get("sni"):
        context["sni"] = tls["sni"]
    return context


def _mesh_tls(service: Service, port: ServicePort, identity: MeshIdentity) -> Config:
    alpn = ["istio-peer-exchange", "istio"]
    if port.protocol in HTTP_PROTOCOLS:
        alpn = ["istio-http/1.1" if port.protocol is Protocol.HTTP else "istio-h2", *alpn[1:]]
    return {
        "sni": server_name(service, port),
        "common_tls_context": {
            "alpn_protocols": alpn,
            "tls_certificates": [
                {
                    "certificate_chain": {"inline_string": identity.certificate_chain},
                    "private_key": {"inline_string": identity.private_key},
                }
            ],
            "validation_context": {
                "trusted_ca": {"inline_string": identity.authority},
                "match_typed_subject_alt_names": [{"san_type": "URI", "matcher": {"prefix": "spiffe://"}}],
            },
        },
    }


def _tls_socket(context: Config) -> Config:
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            **context,
        },
    }
