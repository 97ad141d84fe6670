"""What ends a sandbox: its node's end does, and the folder is then free."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tutorial.sandbox import lifecycle

pytestmark = pytest.mark.sandbox


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_sandbox_whose_node_was_killed_ends(tmp_path: Path) -> None:
    sandbox = lifecycle.start(tmp_path, "default", kept=True)
    node = children_of(sandbox.state.pid)[0]
    os.kill(node, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while lifecycle.attach(tmp_path) is not None:
        assert time.monotonic() < deadline, "the sandbox goes on without its node"
        time.sleep(0.01)
    assert list(tmp_path.glob("default/*")) == []


def test_a_sandbox_ends_with_the_process_that_started_it_unless_kept(tmp_path: Path) -> None:
    sandbox = lifecycle.start(tmp_path, "default", kept=False)
    assert sandbox.owned
    sandbox.close()
    assert lifecycle.attach(tmp_path) is None
    assert not Path(f"/proc/{sandbox.state.pid}").exists()
