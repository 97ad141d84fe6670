"""Look-ups by the Kubernetes client library: over TLS, as the kubeconfig's user, and what is refused."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from backends.api_server import ApiServer, Fault
from backends.authority import Authority
from backends.connect_proxy import proxying
from preflight.conftest import NewLooker

from tutorial.backends.kubeconfig import Access
from tutorial.backends.rest import RestClient
from tutorial.errors import ClusterAwayError, NotReadyError
from tutorial.preflight.client import KubernetesClient, RefusedError
from tutorial.preflight.survey import Look, Review

PLUGIN_VERSION = "client.authentication.k8s.io/v1"
PATH = "/usr/bin:/bin"
SERVICES = "/api/v1/namespaces/default/services"


def test_objects_are_looked_at_by_name_or_all_of_them(api: ApiServer, client: KubernetesClient) -> None:
    api.page = 100
    found = api.put(f"{SERVICES}/a", "Service")
    api.put(f"{SERVICES}/b", "Service")
    assert client.look("svc", "default", "a").only == found
    assert len(client.look("services", "default").items) == 2
    assert client.look("service", "default", "c") == Look()
    assert client.look("gateway", "default") == Look()
    assert api.seen[-1].headers["authorization"] == "Bearer t"
    assert api.seen[-1].headers["user-agent"] == "egress-tutorial"


def test_what_may_not_be_looked_at_is_noted_in_the_servers_words(
    api: ApiServer, client: KubernetesClient
) -> None:
    api.refused[f"{SERVICES}/a"] = 403
    assert client.look("service", "default", "a") == Look(refused="refused with 403")


def test_an_older_server_is_asked_group_by_group(api: ApiServer, client: KubernetesClient) -> None:
    api.aggregated = False
    deployment = client.find("deployments.apps")
    assert deployment is not None
    assert deployment.api_version == "apps/v1"


@pytest.mark.parametrize("fault", [Fault(cut=True), Fault(503), Fault(429)])
def test_what_was_cut_or_put_off_is_asked_again(
    api: ApiServer, client: KubernetesClient, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutorial.preflight.client.RETRY_DELAYS", (0.01, 0.01))
    found = api.put(f"{SERVICES}/a", "Service")
    client.served()
    api.faults.extend([fault, fault])
    assert client.look("service", "default", "a").only == found
    api.faults.extend([fault] * 3)
    assert client.look("service", "default", "a").refused
    assert client.look("service", "default", "a").only == found


def test_a_server_that_is_away_is_not_asked_again(access: Access, new_looker: NewLooker) -> None:
    away = replace(access, cluster={**access.cluster, "server": "https://127.0.0.1:1"})
    client = new_looker(away)
    for _ in range(2):
        with pytest.raises(ClusterAwayError, match="does not answer"):
            client.served()


def test_something_else_than_the_api_is_noted(api: ApiServer, client: KubernetesClient) -> None:
    api.objects[f"{SERVICES}/a"] = "a login page"  # type: ignore[assignment]
    assert client.look("service", "default", "a").refused == "something else than the API server answers"


def test_a_review_that_is_not_served_says_so(client: KubernetesClient) -> None:
    service = client.find("service")
    assert service is not None
    assert client.review("get", service, "default", "", "") == Review(
        None, "the server does not serve access reviews"
    )


def test_objects_are_made_and_deleted_by_their_uid(api: ApiServer, client: KubernetesClient) -> None:
    service = client.find("service")
    assert service is not None
    made = client.create(service, "default", {"kind": "Service", "metadata": {"name": "a"}})
    with pytest.raises(RefusedError) as refused:
        client.delete(service, "default", "a", "another")
    assert refused.value.status == 409
    client.delete(service, "default", "a", made["metadata"]["uid"])
    assert api.objects == {}


def test_a_client_certificate_is_shown(
    api: ApiServer, access: Access, authority: Authority, new_looker: NewLooker
) -> None:
    pair = authority.issue("jane")
    user = {
        "client-certificate-data": base64.b64encode(pair.certificate).decode(),
        "client-key-data": base64.b64encode(pair.key).decode(),
    }
    new_looker(replace(access, user=user)).look("service", "default")
    assert api.seen[-1].certificate is not None


def test_another_servers_certificate_is_refused(access: Access, new_looker: NewLooker) -> None:
    stranger = replace(access, cluster={"server": access.server})
    with pytest.raises(ClusterAwayError, match="does not answer"):
        new_looker(stranger).served()
    insecure = replace(access, cluster={"server": access.server, "insecure-skip-tls-verify": True})
    assert new_looker(insecure).find("service") is not None


def test_an_address_in_capitals_is_verified_by_the_same_authority(
    access: Access, new_looker: NewLooker
) -> None:
    capitals = {**access.cluster, "server": access.server.replace("https:", "HTTPS:")}
    assert new_looker(replace(access, cluster=capitals)).find("service") is not None


GROUPS = ("Impersonate-Group", "Impersonate-Uid", "Impersonate-Extra-scopes")


def test_impersonation_is_sent_as_by_the_other_client(
    api: ApiServer, access: Access, new_looker: NewLooker
) -> None:
    user = {"as": "jane", "as-groups": ["a", "b"], "as-uid": "7", "as-user-extra": {"scopes": ["x", "y"]}}
    jane = replace(access, user=user)
    new_looker(jane).look("service", "default")
    other = RestClient(jane, {})
    other.request("GET", "/version")
    other.close()
    for seen in api.seen[-2:]:
        assert seen.headers["impersonate-user"] == "jane"
        assert [value for name, value in seen.lines if name in GROUPS] == ["7", "a", "b", "x", "y"]


def test_expired_credentials_are_renewed_on_the_way(
    api: ApiServer, access: Access, new_looker: NewLooker, tmp_path: Path
) -> None:
    """A plugin says the number of its runs; the server refuses the first."""
    program = tmp_path / "plugin"
    status = '{"token": "\'$(wc -l < calls)\'"}'
    program.write_text(
        f"#!/bin/sh\ncd {tmp_path}\necho >> calls\n"
        f'echo \'{{"apiVersion": "{PLUGIN_VERSION}", "status": {status}}}\'\n'
    )
    program.chmod(0o700)
    plugin = {"apiVersion": PLUGIN_VERSION, "command": str(program), "env": [{"name": "PATH", "value": PATH}]}
    client = new_looker(replace(access, user={"exec": plugin}))
    api.token = "2"
    assert client.find("service") is not None
    assert client.look("service", "default") == Look()
    assert (tmp_path / "calls").read_text() == "\n\n"
    api.token = "never"
    assert client.look("service", "default", "a").refused == "refused with 401"


def test_a_proxy_is_gone_through_as_by_the_other_client(
    api: ApiServer, access: Access, new_looker: NewLooker
) -> None:
    target = urlsplit(api.url)
    with proxying(str(target.hostname), target.port or 0) as proxy:
        proxy.wanted = "Proxy-Authorization: Basic bWU6c2VjcmV0"
        named = proxy.address.replace("//", "//me:secret@")
        client = new_looker(replace(access, cluster={**access.cluster, "proxy-url": named}))
        assert client.find("service") is not None
        away = replace(access, cluster={**access.cluster, "server": "https://api.test:6443"})
        assert new_looker(away, {"HTTPS_PROXY": named}).find("service") is not None
        assert set(proxy.targets) == {target.netloc, "api.test:6443"}
        proxy.wanted = "never"
        with pytest.raises(ClusterAwayError) as refused:
            new_looker(away, {"HTTPS_PROXY": named}).served()
        assert "407" in refused.value.why
        assert f"{proxy.address} (the variable HTTPS_PROXY)" in refused.value.why
        assert refused.value.do == "Try it with: kubectl --context test get --raw /readyz"
        assert "secret" not in refused.value.why


@pytest.mark.parametrize(
    ("cluster", "user"),
    [
        ({"proxy-url": "socks5://127.0.0.1:1"}, {}),
        ({"insecure-skip-tls-verify": True}, {}),
        ({"insecure-skip-tls-verify": "false", "certificate-authority-data": ""}, {}),
        ({"certificate-authority-data": "***"}, {}),
        ({}, {"as-uid": "1"}),
    ],
)
def test_what_the_other_client_refuses_is_refused(
    access: Access, new_looker: NewLooker, cluster: dict[str, Any], user: dict[str, Any]
) -> None:
    with pytest.raises(NotReadyError) as refused:
        new_looker(replace(access, cluster={**access.cluster, **cluster}, user=user))
    other = RestClient(replace(access, cluster={**access.cluster, **cluster}, user=user), {})
    with pytest.raises(NotReadyError) as again:
        other.request("GET", "/version")
    assert (refused.value.what, refused.value.why) == (again.value.what, again.value.why)
