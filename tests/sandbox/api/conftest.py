"""One API server for this room's tests, and a namespace for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox.api.cluster_for_tests import Cluster

from tutorial.sandbox.resources import NAMESPACE


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One server for all tests of a process; each test uses a namespace of its own."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> str:
    """A namespace that only this test uses."""
    name = request.node.name.split("[")[0].removeprefix("test_").replace("_", "-")[:40].strip("-")
    serial = len(cluster.call(lambda: cluster.objects.list(NAMESPACE)))
    name = f"{name}-{serial}"
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    cluster.call(lambda: cluster.objects.create(NAMESPACE, None, document))
    return name
