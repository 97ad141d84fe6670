from __future__ import annotations

import pytest
from sandbox.objects_for_tests import endpoint_slice, service

from tutorial.sandbox.mesh.registry import Protocol, protocol_of, registry


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({"name": "http", "port": 1}, Protocol.HTTP),
        ({"name": "http-web", "port": 1}, Protocol.HTTP),
        ({"name": "HTTP-web", "port": 1}, Protocol.HTTP),
        ({"name": "httpish", "port": 1}, Protocol.AUTO),
        ({"name": "http2-web", "port": 1}, Protocol.HTTP2),
        ({"name": "grpc-web", "port": 1}, Protocol.HTTP2),
        ({"name": "grpc", "port": 1}, Protocol.HTTP2),
        ({"name": "tls", "port": 443}, Protocol.TCP),
        ({"name": "https", "port": 443}, Protocol.TCP),
        ({"name": "tcp-db", "port": 1}, Protocol.TCP),
        ({"port": 8080}, Protocol.AUTO),
        ({"port": 3306}, Protocol.TCP),
        ({"name": "tls", "appProtocol": "http", "port": 1}, Protocol.HTTP),
        ({"name": "web", "appProtocol": "kubernetes.io/h2c", "port": 1}, Protocol.HTTP2),
        ({"name": "http", "appProtocol": "example.com/own", "port": 1}, Protocol.AUTO),
    ],
)
def test_the_protocol_of_a_port(port: dict[str, object], expected: Protocol) -> None:
    assert protocol_of(port) is expected


def test_an_external_name_is_no_service_of_the_mesh() -> None:
    assert registry([service("my-httpbin", type="ExternalName", externalName="httpbin.org")], []) == ()


def test_an_external_name_that_leads_to_a_service_is_its_alias() -> None:
    alias = service(
        "alias", namespace="other", type="ExternalName", externalName="Web.default.svc.cluster.local."
    )
    (found,) = registry([service("web", {"name": "http", "port": 80}, cluster_ip="10.96.0.1"), alias], [])
    assert found.aliases == (("other", "alias"),)


def test_ports_have_their_endpoints_and_udp_is_left_out() -> None:
    web = service(
        "web",
        {"name": "http", "port": 80},
        {"name": "dns", "port": 53, "protocol": "UDP"},
        cluster_ip="None",
    )
    (found,) = registry([web], [endpoint_slice("web", ["10.0.0.1"], {"http": 8080})])
    (port,) = found.ports
    assert (found.host, found.cluster_ip) == ("web.default.svc.cluster.local", "")
    assert (port.number, port.endpoints) == (80, (("10.0.0.1", 8080),))
