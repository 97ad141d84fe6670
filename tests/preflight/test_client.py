"""Look-ups by the Kubernetes client library: over TLS, as the kubeconfig's user, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from backends.api_server import ApiServer, Fault
from backends.authority import Authority

from tutorial.backends.credentials import Identity
from tutorial.backends.kubeconfig import Access
from tutorial.errors import ClusterAwayError, NotReadyError
from tutorial.preflight.client import KubernetesClient, RefusedError
from tutorial.preflight.survey import Look, Review

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


def test_a_server_that_is_away_is_not_asked_again(access: Access) -> None:
    away = replace(access, cluster={**access.cluster, "server": "https://127.0.0.1:1"})
    client = KubernetesClient(away, Identity(()))
    for _ in range(2):
        with pytest.raises(ClusterAwayError, match="does not answer"):
            client.served()
    client.close()


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


def test_a_client_certificate_is_shown(api: ApiServer, access: Access, authority: Authority) -> None:
    pair = authority.issue("jane")
    client = KubernetesClient(access, Identity((), pair.certificate, pair.key))
    try:
        client.look("service", "default")
    finally:
        client.close()
    assert api.seen[-1].certificate is not None


def test_another_servers_certificate_is_refused(access: Access) -> None:
    stranger = replace(access, cluster={"server": access.server})
    client = KubernetesClient(stranger, Identity(()))
    with pytest.raises(ClusterAwayError, match="does not answer"):
        client.served()
    client.close()
    insecure = replace(access, cluster={"server": access.server, "insecure-skip-tls-verify": True})
    client = KubernetesClient(insecure, Identity(()))
    assert client.find("service") is not None
    client.close()


def test_one_group_can_be_impersonated_and_several_are_refused(api: ApiServer, access: Access) -> None:
    one = (("Impersonate-User", "jane"), ("Impersonate-Group", "a"))
    client = KubernetesClient(access, Identity(one))
    client.look("service", "default")
    client.close()
    assert (api.seen[-1].headers["impersonate-user"], api.seen[-1].headers["impersonate-group"]) == (
        "jane",
        "a",
    )
    with pytest.raises(NotReadyError, match="cannot be looked at"):
        KubernetesClient(access, Identity((*one, ("Impersonate-Group", "b"))))
