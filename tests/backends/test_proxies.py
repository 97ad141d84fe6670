"""Proxies on the way to the API server: which one, as kubectl has it, and how it is used."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from backends.api_server import ApiServer
from backends.connect_proxy import ConnectProxy, proxying

from tutorial.backends.kubeconfig import Access
from tutorial.backends.proxies import proxy_for, without_credentials
from tutorial.backends.rest import RestClient
from tutorial.errors import ClusterAwayError, NotReadyError

KUBECTL = Path(sys.executable).parent / "kubectl"
PASSWORD = "p@ss word"
USER = f"Proxy-Authorization: Basic {base64.b64encode(f'me:{PASSWORD}'.encode()).decode()}"


@pytest.fixture
def proxy(api: ApiServer) -> Iterator[ConnectProxy]:
    address = urlsplit(api.url)
    with proxying(str(address.hostname), address.port or 0) as found:
        yield found


def changed(access: Access, **cluster: Any) -> Access:
    named = {name.replace("_", "-"): value for name, value in cluster.items()}
    return replace(access, cluster={**access.cluster, **named})


def with_password(proxy: ConnectProxy) -> str:
    return proxy.address.replace("//", "//me:p%40ss%20word@")


def asked(access: Access, environment: Mapping[str, str]) -> list[int]:
    """One request, and two that may be sent together."""
    client = RestClient(access, environment)
    try:
        answers = [client.request("GET", "/version"), *client.get_all(["/version", "/api"])]
        return [answer.status for answer in answers]
    finally:
        client.close()


def test_the_kubeconfigs_proxy_is_used_as_by_kubectl(
    access: Access, proxy: ConnectProxy, api: ApiServer, tmp_path: Path
) -> None:
    """Also to loopback, and whatever the environment says."""
    proxy.wanted = USER
    access = changed(access, proxy_url=with_password(proxy))
    environment = {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "*"}
    assert asked(access, environment) == [200, 200, 200]
    content = {
        "clusters": [{"name": "c", "cluster": dict(access.cluster)}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (tmp_path / "k").write_text(json.dumps(content))
    command = [KUBECTL, "--kubeconfig", str(tmp_path / "k"), "get", "--raw", "/version"]
    subprocess.run(command, env={"HOME": "/", **environment}, capture_output=True, check=True)
    target = urlsplit(api.url).netloc
    assert [lines[0] for lines in proxy.seen] == [f"CONNECT {target} HTTP/1.1"] * 2
    assert all(USER in lines for lines in proxy.seen)
    assert not any("proxy-authorization" in seen.headers for seen in api.seen)


def test_the_environments_proxy_is_used_but_for_loopback(access: Access, proxy: ConnectProxy) -> None:
    environment = {"HTTPS_PROXY": with_password(proxy), "http_proxy": proxy.address}
    assert asked(access, environment) == [200, 200, 200]
    assert proxy.seen == []
    proxy.wanted = USER
    assert asked(changed(access, server="https://api.test:6443/"), environment) == [200, 200, 200]
    assert proxy.targets == ["api.test:6443"]


def test_plain_http_is_asked_of_the_proxy_itself(access: Access) -> None:
    with proxying("127.0.0.1", 1) as proxy:
        proxy.wanted = "never"
        plain = changed(access, server="http://api.test/prefix", proxy_url=with_password(proxy))
        client = RestClient(plain, {})
        assert client.request("GET", "/version").status == 407
        assert [each.status for each in client.get_all(["/a", "/b"])] == [407, 407]
        client.close()
    assert proxy.targets[0] == "http://api.test/prefix/version"
    assert {"Host: api.test", USER} <= set(proxy.seen[0])


def test_a_proxy_that_does_not_let_through_is_told_without_its_password(
    access: Access, proxy: ConnectProxy
) -> None:
    proxy.wanted = "never"
    with pytest.raises(ClusterAwayError, match="cannot be reached") as refused:
        asked(changed(access, proxy_url=with_password(proxy)), {})
    assert refused.value.why == (
        "The proxy refused: 407 Proxy Authentication Required. "
        f"The way there is the proxy {proxy.address} (the kubeconfig's proxy-url)."
    )
    with pytest.raises(ClusterAwayError) as nobody:
        asked(changed(access, server="https://api.test"), {"https_proxy": "me:secret@127.0.0.1:1"})
    assert nobody.value.why == (
        "Connection refused. The way there is the proxy http://127.0.0.1:1 (the variable https_proxy)."
    )


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("socks5://me:secret@127.0.0.1:1", "The kubeconfig's proxy-url names a socks5 proxy."),
        ("https://me:secret@127.0.0.1:1", "The kubeconfig's proxy-url names a https proxy."),
        ("me:secret@127.0.0.1", "The kubeconfig's proxy-url is no address of a proxy."),
        ("http://me:secret@[", "The kubeconfig's proxy-url is no address of a proxy."),
        ("http://me:secret@a..b:1", "The kubeconfig's proxy-url is no address of a proxy."),
        ("http://me:secret@x:port", "The kubeconfig's proxy-url is no address of a proxy."),
    ],
)
def test_what_is_no_http_proxy_is_refused(access: Access, url: str, why: str) -> None:
    with pytest.raises(NotReadyError, match="cannot be reached through that proxy") as refused:
        asked(changed(access, proxy_url=url), {})
    assert why in refused.value.why
    assert "secret" not in f"{refused.value} {refused.value.why} {refused.value.do}"


def test_a_proxy_of_the_environment_that_is_not_supported_is_refused(access: Access) -> None:
    with pytest.raises(NotReadyError) as refused:
        asked(changed(access, server="https://api.test"), {"HTTPS_PROXY": "socks5://127.0.0.1:1"})
    assert refused.value.why.startswith("The variable HTTPS_PROXY names a socks5 proxy.")


@pytest.mark.parametrize(
    ("server", "environment", "used"),
    [
        ("https://a.example:6443", {"HTTPS_PROXY": "p:1"}, True),
        ("https://a.example:6443", {"HTTP_PROXY": "p:1", "ALL_PROXY": "p:1"}, False),
        ("http://a.example", {"HTTP_PROXY": "p:1"}, True),
        ("http://a.example", {"HTTPS_PROXY": "p:1"}, False),
        ("https://localhost:6443", {"HTTPS_PROXY": "p:1"}, False),
        ("https://127.9.9.9", {"HTTPS_PROXY": "p:1"}, False),
        ("https://[::1]:6443", {"HTTPS_PROXY": "p:1"}, False),
        ("https://10.1.2.3", {"HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"}, False),
        ("https://11.1.2.3", {"HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8,no/cidr"}, True),
        ("https://10.1.2.3", {"HTTPS_PROXY": "p:1", "NO_PROXY": "10.1.2.3"}, False),
        ("https://[fd00::1]:6443", {"HTTPS_PROXY": "p:1", "NO_PROXY": "fd00::1"}, False),
        ("https://[fd00::1]:6443", {"HTTPS_PROXY": "p:1", "NO_PROXY": "[fd00::1]:443"}, True),
        ("https://a.example", {"HTTPS_PROXY": "p:1", "NO_PROXY": " x, Example "}, False),
        ("https://example", {"HTTPS_PROXY": "p:1", "NO_PROXY": "example"}, False),
        ("https://example", {"HTTPS_PROXY": "p:1", "NO_PROXY": ".example"}, True),
        ("https://A.example", {"HTTPS_PROXY": "p:1", "NO_PROXY": ".example"}, False),
        ("https://a.example", {"HTTPS_PROXY": "p:1", "NO_PROXY": "*.example"}, False),
        ("https://example", {"HTTPS_PROXY": "p:1", "NO_PROXY": "*.example"}, True),
        ("https://myexample", {"HTTPS_PROXY": "p:1", "NO_PROXY": "example"}, True),
        ("https://a.example", {"HTTPS_PROXY": "p:1", "NO_PROXY": "example:443"}, False),
        ("https://a.example:6443", {"HTTPS_PROXY": "p:1", "NO_PROXY": "example:443"}, True),
        ("https://a.example", {"https_proxy": "p:1", "no_proxy": "*"}, False),
        ("https://a.example", {"https_proxy": "p:1", "no_proxy": ":443,"}, True),
        ("https://a.example", {}, False),
    ],
)
def test_exceptions_are_gos(access: Access, server: str, environment: dict[str, str], used: bool) -> None:
    found = proxy_for(changed(access, server=server), environment)
    assert (found is not None) == used
    if found is not None:
        assert (found.address, found.headers) == ("http://p:1", ())


def test_a_proxys_address_can_be_told_without_its_password() -> None:
    assert without_credentials("http://me:p@ss@proxy:3128/") == "http://proxy:3128/"
    assert without_credentials("http://[fd00::1]:3128") == "http://[fd00::1]:3128"
