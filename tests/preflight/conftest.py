"""An API server of the tests, and the clients that ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest
from backends.api_server import ApiServer, serving
from backends.authority import Authority
from backends.conftest import access, api, authority

from tutorial.backends.kubeconfig import Access
from tutorial.backends.rest import RestClient
from tutorial.preflight.client import KubernetesClient

__all__ = ["ApiServer", "Authority", "access", "api", "authority", "serving"]

NewLooker = Callable[..., KubernetesClient]


@pytest.fixture
def new_looker() -> Iterator[NewLooker]:
    """Makes clients that look at a cluster as the user of a kubeconfig."""
    clients: list[KubernetesClient | RestClient] = []

    def make(access: Access, environment: Mapping[str, str] = MappingProxyType({})) -> KubernetesClient:
        user = RestClient(access, environment)
        client = KubernetesClient(user)
        clients.extend([client, user])
        return client

    yield make
    for each in clients:
        each.close()


@pytest.fixture
def client(new_looker: NewLooker, access: Access) -> KubernetesClient:
    return new_looker(replace(access, user={"token": "t"}))
