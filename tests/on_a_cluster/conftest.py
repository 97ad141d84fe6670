"""What the tests on a cluster share: the cluster, two namespaces in it, a user, and a proxy of faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from end_to_end.machine import Machine, adopt_orphans, descendants, reap_orphans
from on_a_cluster.cluster import Cluster, Namespaces, opened_cluster
from on_a_cluster.lesson import write_lesson
from on_a_cluster.proxy import FaultProxy, proxying
from on_a_cluster.user import User


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    adopt_orphans()
    with opened_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lesson(tmp_path_factory.mktemp("lessons") / "small")


@pytest.fixture
def namespaces(cluster: Cluster) -> Iterator[Namespaces]:
    namespaces = cluster.make_namespaces()
    yield namespaces
    cluster.remove_namespaces(namespaces)


@pytest.fixture
def machine(tmp_path: Path, cluster: Cluster) -> Iterator[Machine]:
    """A user with an empty home; at the end none of the user's processes is left."""
    machine = Machine(tmp_path / "m", frozenset(descendants()))
    machine.folder.mkdir()
    machine.make()
    yield machine
    if cluster.is_sandbox:
        machine.assert_nothing_left_running()
    reap_orphans()


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[FaultProxy]:
    with proxying(cluster.access) as proxy:
        yield proxy


@pytest.fixture
def user(machine: Machine, cluster: Cluster, namespaces: Namespaces) -> User:
    """A user whose kubeconfig reaches the cluster directly."""
    before = cluster.snapshot(lambda name: name in namespaces)
    return User(machine, cluster, namespaces, cluster.arguments, before)


@pytest.fixture
def proxied(user: User, proxy: FaultProxy) -> User:
    """The same user, whose kubeconfig goes through the proxy."""
    kubeconfig = proxy.write_kubeconfig(user.machine.folder / "proxied")
    return replace(user, arguments=("--kubeconfig", str(kubeconfig)))
