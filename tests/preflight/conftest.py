"""An API server of the tests, and the clients that ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from backends.api_server import ApiServer, serving
from backends.authority import Authority
from backends.conftest import access, api, authority

from tutorial.backends.credentials import Identity
from tutorial.backends.kubeconfig import Access
from tutorial.preflight.client import KubernetesClient

__all__ = ["ApiServer", "Authority", "access", "api", "authority", "serving"]


@pytest.fixture
def client(access: Access) -> Iterator[KubernetesClient]:
    client = KubernetesClient(access, Identity((("Authorization", "Bearer t"),)))
    yield client
    client.close()
