"""Whole lessons on a cluster: every check holds, and everything is as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from on_a_cluster.cluster import INJECTION, Cluster, Namespaces
from on_a_cluster.user import User

pytestmark = pytest.mark.sandbox


@pytest.fixture
def namespaces(cluster: Cluster) -> Iterator[Namespaces]:
    """The first one with injection."""
    namespaces = cluster.make_namespaces(INJECTION)
    yield namespaces
    cluster.remove_namespaces(namespaces)


@pytest.mark.parametrize("tutorial", ["all", "names"])
def test_a_lesson_passes_and_leaves_every_object_as_it_was(user: User, tutorial: str) -> None:
    done = user.run(tutorial)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All checks passed" in done.stdout
    user.assert_as_before()
