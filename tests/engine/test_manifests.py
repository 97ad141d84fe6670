"""Manifests that are kept, compared and created again."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tutorial.engine.manifests import (
    LAST_APPLIED,
    is_changed,
    is_created_from,
    is_same,
    recreatable,
    without_allocations,
)

SAVED: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {
        "name": "web",
        "labels": {"a": "1"},
        "annotations": {LAST_APPLIED: "{}", "note": "keep"},
        "finalizers": ["x/y"],
        "ownerReferences": [{"uid": "u0"}],
        "uid": "u1",
        "resourceVersion": "7",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{}],
        "generation": 3,
    },
    "spec": {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ports": [{"port": 80, "nodePort": 30000}]},
    "status": {"loadBalancer": {}},
}


def but(path: str, value: object) -> dict[str, Any]:
    """The saved object with another value at this path."""
    changed = copy.deepcopy(SAVED)
    inner = changed
    *above, last = path.split("/")
    for name in above:
        inner = inner[name]
    inner[last] = value
    return changed


@pytest.mark.parametrize(
    "compare",
    [recreatable, without_allocations, lambda each: is_created_from(each, each)],
    ids=["recreatable", "without_allocations", "is_created_from"],
)
def test_what_is_kept_is_never_altered(compare: Callable[[dict[str, Any]], object]) -> None:
    before = copy.deepcopy(SAVED)
    compare(SAVED)
    assert before == SAVED


def test_what_the_server_sets_is_left_out_and_all_else_stays() -> None:
    kept = {"name", "labels", "annotations", "finalizers", "ownerReferences"}
    assert set(recreatable(SAVED)["metadata"]) == kept
    assert set(recreatable(SAVED)) == {"apiVersion", "kind", "metadata", "spec"}


def test_addresses_are_left_out_but_not_that_there_is_none() -> None:
    assert without_allocations(SAVED)["spec"] == {"ports": [{"port": 80}]}
    headless = but("spec", {"clusterIP": "None", "clusterIPs": ["None"]})
    assert without_allocations(headless)["spec"] == headless["spec"]


@pytest.mark.parametrize(
    "path", ["metadata/uid", "metadata/resourceVersion", "metadata/generation", "status"]
)
def test_the_server_s_fields_make_no_difference(path: str) -> None:
    other = but(path, "other")
    assert is_same(SAVED, other)
    assert not is_changed(SAVED, other)


@pytest.mark.parametrize("path", ["spec/clusterIP", "metadata/labels", "spec/ports"])
def test_labels_and_content_make_one(path: str) -> None:
    other = but(path, {"other": "value"})
    assert not is_same(SAVED, other)
    assert is_changed(SAVED, other)


def test_a_controller_s_annotation_is_no_change_but_makes_it_another() -> None:
    annotated = but("metadata/annotations", {**SAVED["metadata"]["annotations"], "cloud.example.org/x": "y"})
    assert not is_changed(SAVED, annotated)
    assert not is_same(SAVED, annotated)
    assert not is_created_from(SAVED, annotated)


def test_kubectl_writes_its_own_annotation_anew() -> None:
    created = but("metadata/annotations", {**SAVED["metadata"]["annotations"], LAST_APPLIED: "{more}"})
    assert is_created_from(SAVED, created)
    assert not is_same(SAVED, created)
