"""A cluster without a node for the tests of a class: the sandbox's API server and its controllers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox.api.cluster_for_tests import Cluster

from tutorial.backends.kubeconfig import Access, load_kubeconfig
from tutorial.backends.rest import RestClient
from tutorial.classroom.api import ClassApi
from tutorial.sandbox.controllers.manager import ControllerManager


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One for all tests of a process; each test has a class of its own."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.start()
    manager = ControllerManager(cluster.objects)
    cluster.run(manager.start())
    yield cluster
    cluster.run(manager.stop())
    cluster.stop()


@pytest.fixture(scope="session")
def access(cluster: Cluster) -> Access:
    return load_kubeconfig([cluster.kubeconfig]).access()


@pytest.fixture
def client(access: Access) -> Iterator[RestClient]:
    client = RestClient(access, os.environ)
    yield client
    client.close()


@pytest.fixture
def api(client: RestClient) -> ClassApi:
    return ClassApi(client)


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """A class that only this test has."""
    name: str = request.node.originalname
    return name.removeprefix("test_").replace("_", "-")[:44].strip("-")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"
