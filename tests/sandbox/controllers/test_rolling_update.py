"""A rollout's arithmetic never breaks its promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial.sandbox.controllers import rolling_update


def deployment(replicas, surge="25%", unavailable="25%"):
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}}


def replica_set(name, size, available):
    return {
        "metadata": {"name": name, "creationTimestamp": "2026-11-24T00:00:00Z"},
        "spec": {"replicas": size},
        "status": {"availableReplicas": available},
    }


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (1, "25%", "25%", (1, 0)),
        (4, "25%", "25%", (1, 1)),
        (10, "25%", "25%", (3, 2)),
        (3, 0, "10%", (0, 1)),
        (3, 2, 5, (2, 3)),
    ],
)
def test_surge_is_rounded_up_and_unavailable_down(replicas, surge, unavailable, expected):
    assert rolling_update.bounds(deployment(replicas, surge, unavailable)) == expected


shares = st.integers(0, 5) | st.integers(0, 100).map(lambda percent: f"{percent}%")


@given(st.integers(0, 20), shares, shares)
def test_a_rollout_ends_and_keeps_within_its_bounds_all_the_way(replicas, surge, unavailable):
    wanted = deployment(replicas, surge, unavailable)
    extra, missing = rolling_update.bounds(wanted)
    new, old = 0, replicas
    for _ in range(4 * replicas + 4):
        new = rolling_update.new_size(wanted, new, new + old)
        assert new + old <= replicas + extra
        pair = (replica_set("new", new, new), replica_set("old", old, old))
        old = rolling_update.old_sizes(wanted, pair[0], [pair[1]]).get("old", old)
        assert new + old >= replicas - missing
        if (new, old) == (replicas, 0):
            return
    raise AssertionError(f"stuck at {new} new and {old} old")


@given(st.integers(1, 20), shares, shares, st.integers(0, 20))
def test_old_pods_that_work_stay_while_new_ones_do_not(replicas, surge, unavailable, working):
    wanted = deployment(replicas, surge, unavailable)
    new = replica_set("new", rolling_update.new_size(wanted, 0, replicas), 0)
    old = replica_set("old", replicas, min(working, replicas))

    left = rolling_update.old_sizes(wanted, new, [old]).get("old", replicas)

    least = replicas - rolling_update.bounds(wanted)[1]
    assert left >= min(working, replicas, least)
