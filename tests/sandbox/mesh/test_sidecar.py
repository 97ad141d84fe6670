"""What goes through a real sidecar: a pod's namespaces, redirect rules and Envoy."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from sandbox.mesh.conftest import OUTSIDE, POD_IP, TLS_HANDSHAKE, Outside, Sidecar
from sandbox.objects_for_tests import destination_rule, endpoint_slice, service

from tutorial.sandbox.internet.certificates import make_certificates
from tutorial.sandbox.mesh.workload import peer_metadata
from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import (
    DESTINATION_RULE,
    ENDPOINT_SLICE,
    EVENT,
    PEER_AUTHENTICATION,
    POD,
    SERVICE,
)

pytestmark = pytest.mark.sandbox

HTTP, TLS = {"name": "http", "port": 80}, {"name": "tls", "port": 443}
CLUSTER_IP = "10.96.9.9"
MY_HTTPBIN = "my-httpbin.default.svc.cluster.local"


def added_headers(pod: Object) -> str:
    return f"x-envoy-peer-metadata: {peer_metadata(pod)}\r\n"


async def test_a_request_to_an_unknown_host_goes_on_with_istios_headers(
    sidecar: Sidecar, outside: Outside
) -> None:
    await outside.listen(80)
    sidecar.objects.put(SERVICE, service("my-httpbin", HTTP, type="ExternalName", externalName="httpbin.org"))
    response = await sidecar.get(OUTSIDE, MY_HTTPBIN, path="/headers")
    assert response.startswith("HTTP/1.1 200 OK")
    assert "server: envoy" in response
    assert "x-envoy-upstream-service-time: " in response
    assert f"host: {MY_HTTPBIN}\r\n" in response
    assert "x-envoy-attempt-count: 1\r\n" in response
    assert added_headers(sidecar.pod) in response
    node_id = f"sidecar~{POD_IP}~sleep-1.default~default.svc.cluster.local"
    assert f"x-envoy-peer-metadata-id: {node_id}\r\n" in response


async def test_a_rule_for_an_external_name_changes_nothing(sidecar: Sidecar, outside: Outside) -> None:
    await outside.listen(80)
    sidecar.objects.put(SERVICE, service("my-httpbin", HTTP, type="ExternalName", externalName="httpbin.org"))
    await sidecar.settled()
    answers = [await sidecar.get(OUTSIDE, MY_HTTPBIN)]
    for mode in ("DISABLE", "ISTIO_MUTUAL"):
        rule = destination_rule("my-httpbin", MY_HTTPBIN, {"tls": {"mode": mode}})
        sidecar.objects.put(DESTINATION_RULE, rule)
        await sidecar.settled()
        answers.append(await sidecar.get(OUTSIDE, MY_HTTPBIN))
    assert all("200 OK" in answer for answer in answers)


async def test_without_an_http_service_on_the_port_nothing_is_added(
    sidecar: Sidecar, outside: Outside
) -> None:
    await outside.listen(80)
    sidecar.objects.delete(SERVICE, "default", "sleep")
    await sidecar.settled()
    response = await sidecar.get(OUTSIDE, "httpbin.org")
    assert "200 OK" in response
    assert "x-envoy" not in response.lower()


async def test_what_is_not_http_passes_through_the_http_port(sidecar: Sidecar, outside: Outside) -> None:
    await outside.listen(80)
    response = await sidecar.send(OUTSIDE, 80, b"\x02not http at all\r\n\r\n")
    assert b"\x02not http at all" in response


async def test_an_opaque_service_balances_over_its_endpoints_and_follows_them(
    sidecar: Sidecar, outside: Outside
) -> None:
    await outside.listen(443)
    sidecar.objects.put(SERVICE, service("my-wikipedia", TLS, cluster_ip=CLUSTER_IP))
    await sidecar.settled()
    assert await sidecar.send(CLUSTER_IP, 443, b"anything\r\n\r\n") == b""
    sidecar.objects.put(ENDPOINT_SLICE, endpoint_slice("my-wikipedia", [OUTSIDE], {"tls": 443}))
    await sidecar.settled()
    response = await sidecar.send(CLUSTER_IP, 443, b"anything\r\n\r\n")
    assert b"anything" in response
    await asyncio.sleep(0.1)
    log = sidecar.log()
    assert " UH " in log
    assert "outbound|443||my-wikipedia.default.svc.cluster.local" in log


async def test_mesh_tls_breaks_a_plain_server_and_the_nearer_rule_repairs_it(
    sidecar: Sidecar, outside: Outside
) -> None:
    await outside.listen(443)
    sidecar.objects.put(SERVICE, service("my-wikipedia", TLS, cluster_ip=CLUSTER_IP))
    sidecar.objects.put(ENDPOINT_SLICE, endpoint_slice("my-wikipedia", [OUTSIDE], {"tls": 443}))
    broad = destination_rule("all", "*.local", {"tls": {"mode": "ISTIO_MUTUAL"}})
    sidecar.objects.put(DESTINATION_RULE, broad)
    await sidecar.settled()
    broken = await sidecar.send(CLUSTER_IP, 443, b"plain\r\n\r\n")
    nearer = destination_rule("my-wikipedia", "my-wikipedia", {"tls": {"mode": "DISABLE"}})
    sidecar.objects.put(DESTINATION_RULE, nearer)
    await sidecar.settled()
    repaired = await sidecar.send(CLUSTER_IP, 443, b"plain\r\n\r\n")
    assert broken == b""
    assert outside.first_bytes[0] == TLS_HANDSHAKE
    assert b"plain" in repaired


async def test_http_with_mesh_tls_to_a_plain_server_says_why(sidecar: Sidecar, outside: Outside) -> None:
    await outside.listen(80)
    sidecar.objects.put(SERVICE, service("web", HTTP, cluster_ip=CLUSTER_IP))
    sidecar.objects.put(ENDPOINT_SLICE, endpoint_slice("web", [OUTSIDE], {"http": 80}))
    sidecar.objects.put(DESTINATION_RULE, destination_rule("web", "web", {"tls": {"mode": "ISTIO_MUTUAL"}}))
    await sidecar.settled()
    response = await sidecar.get(CLUSTER_IP, "web")
    assert response.startswith("HTTP/1.1 503 Service Unavailable")
    assert "upstream connect error or disconnect/reset before headers" in response
    assert "WRONG_VERSION_NUMBER" in response


@pytest.mark.parametrize("host", ["web", "web.default", "web.default.svc.cluster.local:80", CLUSTER_IP])
async def test_a_service_is_found_by_each_of_its_names(sidecar: Sidecar, outside: Outside, host: str) -> None:
    await outside.listen(8080)
    sidecar.objects.put(SERVICE, service("web", HTTP, cluster_ip=CLUSTER_IP))
    sidecar.objects.put(ENDPOINT_SLICE, endpoint_slice("web", [OUTSIDE], {"http": 8080}))
    await sidecar.settled()
    response = await sidecar.get(CLUSTER_IP, host)
    assert "200 OK" in response
    assert added_headers(sidecar.pod) in response


@pytest.mark.parametrize(
    ("authority", "status"), [("mine", "200 OK"), ("another", "503 Service Unavailable")]
)
async def test_tls_is_originated_and_the_server_checked(
    sidecar: Sidecar, outside: Outside, tmp_path: Path, authority: str, status: str
) -> None:
    certificates = make_certificates(["httpbin.org"])
    await outside.listen(443, tls=server_context(tmp_path, certificates.chains[0]))
    trusted = certificates if authority == "mine" else make_certificates(["httpbin.org"])
    folder = tmp_path / "proxies" / sidecar.pod["metadata"]["uid"]
    (folder / "trusted.pem").write_text(trusted.authority)
    sidecar.objects.put(SERVICE, service("secure", {"name": "http", "port": 80}, cluster_ip=CLUSTER_IP))
    sidecar.objects.put(ENDPOINT_SLICE, endpoint_slice("secure", [OUTSIDE], {"http": 443}))
    tls = {"mode": "SIMPLE", "sni": "httpbin.org", "caCertificates": "/etc/istio/proxy/trusted.pem"}
    sidecar.objects.put(DESTINATION_RULE, destination_rule("secure", "secure", {"tls": tls}))
    await sidecar.settled()
    response = await sidecar.get(CLUSTER_IP, "secure")
    assert response.startswith(f"HTTP/1.1 {status}")


async def test_mutual_tls_with_own_certificates_is_refused_and_said(
    sidecar: Sidecar, outside: Outside
) -> None:
    sidecar.objects.put(SERVICE, service("web", HTTP, cluster_ip=CLUSTER_IP))
    sidecar.objects.put(ENDPOINT_SLICE, endpoint_slice("web", [OUTSIDE], {"http": 80}))
    rule = destination_rule("web", "web", {"tls": {"mode": "MUTUAL"}})
    sidecar.objects.put(DESTINATION_RULE, rule)
    await sidecar.settled()
    response = await sidecar.get(CLUSTER_IP, "web")
    sidecar.objects.put(SERVICE, service("more", HTTP, cluster_ip="10.96.9.10"))
    await sidecar.settled()
    (event,) = sidecar.objects.list(EVENT)
    assert "503 Service Unavailable" in response
    assert "no healthy upstream" in response
    assert (event["type"], event["reason"]) == ("Warning", "UnsupportedTLSMode")
    assert event["involvedObject"]["name"] == "web"


async def test_a_port_without_a_protocol_is_read_from_what_the_client_says(
    sidecar: Sidecar, outside: Outside
) -> None:
    await outside.listen(9000)
    sidecar.objects.put(SERVICE, service("any", {"port": 9000}, cluster_ip=CLUSTER_IP))
    sidecar.objects.put(ENDPOINT_SLICE, endpoint_slice("any", [OUTSIDE], {"": 9000}))
    await sidecar.settled()
    http = await sidecar.get(CLUSTER_IP, "any", port=9000)
    other = await sidecar.send(CLUSTER_IP, 9000, b"\x01binary\r\n\r\n")
    assert added_headers(sidecar.pod) in http
    assert b"\x01binary" in other


async def test_the_access_log_is_istios(sidecar: Sidecar, outside: Outside) -> None:
    await outside.listen(80)
    await sidecar.get(OUTSIDE, "httpbin.org", path="/headers")
    await asyncio.sleep(0.2)
    (line,) = [line for line in sidecar.log().splitlines() if "/headers" in line]
    assert '"GET /headers HTTP/1.1" 200 - via_upstream - "-" 0 ' in line
    assert f'"httpbin.org" "{OUTSIDE}:80" PassthroughCluster {POD_IP}:' in line
    assert line.endswith(" - allow_any")


async def test_the_readiness_port_answers(sidecar: Sidecar) -> None:
    assert "200 OK" in await sidecar.get("127.0.0.1", "probe", port=15021, path="/healthz/ready")


async def test_forgetting_a_pod_takes_its_files_away(sidecar: Sidecar, tmp_path: Path) -> None:
    folder = tmp_path / "proxies" / sidecar.pod["metadata"]["uid"]
    assert folder.is_dir()
    sidecar.control.forget(sidecar.pod["metadata"]["uid"])
    assert not folder.exists()
    assert not await sidecar.control.ready(sidecar.pod)


def server_context(folder: Path, chain: str) -> ssl.SSLContext:
    path = folder / "chain.pem"
    path.write_text(chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def served_in_the_pod(sidecar: Sidecar, outside: Outside) -> None:
    """A server in the sidecar's own pod, behind a service."""
    listener = await outside.node.listen(POD_IP, 8080, "tcp", "sleep-1")
    outside.servers.append(await asyncio.start_server(outside.echo, sock=listener))
    sidecar.objects.put(SERVICE, service("web", HTTP, cluster_ip=CLUSTER_IP))
    sidecar.objects.put(ENDPOINT_SLICE, endpoint_slice("web", [POD_IP], {"http": 8080}))
    sidecar.objects.put(POD, {**sidecar.pod, "status": {"podIP": POD_IP}})
    await sidecar.settled()


def authentication(mode: str) -> Object:
    metadata = {"name": "default", "namespace": "default", "uid": "pa"}
    return {"metadata": metadata, "spec": {"mtls": {"mode": mode}}}


async def test_the_mesh_speaks_tls_of_its_own_and_says_who_the_client_is(
    sidecar: Sidecar, outside: Outside
) -> None:
    await served_in_the_pod(sidecar, outside)
    for mode in ("PERMISSIVE", "STRICT"):
        sidecar.objects.put(PEER_AUTHENTICATION, authentication(mode))
        await sidecar.settled()
        response = await sidecar.get(CLUSTER_IP, "web")
        assert "200 OK" in response
        assert "x-forwarded-client-cert: By=spiffe://cluster.local/ns/default/sa/sleep;" in response
        assert "x-envoy-peer-metadata" not in response
    sidecar.objects.put(PEER_AUTHENTICATION, authentication("DISABLE"))
    await sidecar.settled()
    plain = await sidecar.get(CLUSTER_IP, "web")
    assert "200 OK" in plain
    assert "x-forwarded-client-cert" not in plain


async def test_a_client_without_sidecar_is_let_in_unless_mesh_tls_is_wanted(
    sidecar: Sidecar, outside: Outside
) -> None:
    await served_in_the_pod(sidecar, outside)
    claim = "x-forwarded-client-cert: By=me"
    request = f"GET / HTTP/1.1\r\nHost: web\r\n{claim}\r\nConnection: close\r\n\r\n".encode()
    answer = await outside.send(POD_IP, 8080, request)
    assert b"200 OK" in answer
    assert b"x-forwarded-client-cert" not in answer

    sidecar.objects.put(PEER_AUTHENTICATION, authentication("STRICT"))
    await sidecar.settled()
    assert await outside.send(POD_IP, 8080, request) == b""
    assert await outside.send(POD_IP, 8080, b"\x02not http\r\n\r\n") == b""


async def test_the_proxys_own_ports_are_not_redirected(sidecar: Sidecar, outside: Outside) -> None:
    answer = await outside.send(
        POD_IP, 15021, b"GET /healthz/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert b"200 OK" in answer
