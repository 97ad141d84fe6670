"""An API server, and a kubeconfig that reaches it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from backends.api_server import ApiServer, serving
from backends.authority import Authority

from tutorial.backends.cluster import ApiCluster
from tutorial.backends.kubeconfig import Access
from tutorial.backends.rest import RestClient

NewClient = Callable[..., RestClient]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def api(authority: Authority, tmp_path: Path) -> Iterator[ApiServer]:
    with serving(authority.issue("127.0.0.1"), authority.certificate, tmp_path) as server:
        yield server


@pytest.fixture
def access(api: ApiServer, authority: Authority) -> Access:
    data = base64.b64encode(authority.certificate).decode()
    cluster = {"server": api.url, "certificate-authority-data": data}
    return Access("test", "test-cluster", "test-user", "default", cluster, {})


@pytest.fixture
def new_client(access: Access) -> Iterator[NewClient]:
    clients: list[RestClient] = []

    def make(user: dict[str, Any] | None = None, **cluster: Any) -> RestClient:
        merged = {**access.cluster, **{key.replace("_", "-"): value for key, value in cluster.items()}}
        changed = Access("test", "test-cluster", "test-user", "default", merged, user or {})
        clients.append(RestClient(changed, {"PATH": "/usr/bin:/bin"}))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(new_client: NewClient) -> RestClient:
    return new_client()


@pytest.fixture
def cluster(client: RestClient) -> ApiCluster:
    return ApiCluster(client, "default")
