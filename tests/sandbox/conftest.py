"""A real node, for the tests of the rooms that need its namespaces."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from tutorial.sandbox.node.client import NodeClient
from tutorial.sandbox.node.namespaces import fork_node


@pytest.fixture
async def real_node() -> AsyncIterator[NodeClient]:
    """A started node; ended, and waited for, after the test."""
    process = fork_node(2)
    client = NodeClient(process.end)
    await client.start()
    yield client
    client.close()
    await asyncio.to_thread(os.waitpid, process.pid, 0)
