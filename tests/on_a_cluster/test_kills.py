"""Runs on a cluster are killed at hundreds of random moments: a rollback leaves every object as it was.

EGRESS_TUTORIAL_TEST_KILLS says how many kills (200), EGRESS_TUTORIAL_TEST_SEED repeats the random
choices of a run of this test, EGRESS_TUTORIAL_TEST_WORKERS how many runs go on at a time (6).
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from end_to_end.machine import descendants, reap_orphans, wait_until
from on_a_cluster.cluster import Cluster
from on_a_cluster.killing import kill_many

pytestmark = pytest.mark.sandbox

KILLS = int(os.environ.get("EGRESS_TUTORIAL_TEST_KILLS", "200"))
WORKERS = int(os.environ.get("EGRESS_TUTORIAL_TEST_WORKERS", "6"))
SEED = int(os.environ.get("EGRESS_TUTORIAL_TEST_SEED") or random.randrange(1_000_000))


def test_whenever_runs_are_killed_a_rollback_leaves_every_object_as_it_was(
    cluster: Cluster, lesson: Path, tmp_path: Path
) -> None:
    print(f"EGRESS_TUTORIAL_TEST_SEED={SEED}")
    others = set(descendants())
    before = cluster.snapshot(lambda _: False)
    began = time.monotonic()
    count = kill_many(cluster, tmp_path, lesson, kills=KILLS, workers=WORKERS, seed=SEED)
    print(f"{time.monotonic() - began:.1f} s", count.kills, f"{count.whole_runs} ended before")
    assert not count.failures, f"EGRESS_TUTORIAL_TEST_SEED={SEED}\n{count.failures[0]}"
    cluster.assert_as_before(before, lambda _: False)
    wait_until(lambda: set(descendants()) <= others)
    assert set(descendants()) <= others
    reap_orphans()
