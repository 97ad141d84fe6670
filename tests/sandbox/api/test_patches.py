"""Strategic merge, JSON merge and JSON patch."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial.sandbox.api.field_paths import FieldTypes, fields_of, from_fields_v1, to_fields_v1
from tutorial.sandbox.api.json_patch import JsonPatchError, json_patch, merge_patch
from tutorial.sandbox.api.strategic_merge import strategic_merge
from tutorial.sandbox.resources import DEPLOYMENT, SERVICE
from tutorial.sandbox.schemas import Schemas
from tutorial.sandbox.status import ApiError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def services() -> FieldTypes:
    return FieldTypes(Schemas.load(), SERVICE)


@pytest.fixture(scope="module")
def deployments() -> FieldTypes:
    return FieldTypes(Schemas.load(), DEPLOYMENT)


def ports(*numbers: int) -> dict[str, Any]:
    return {"spec": {"ports": [{"port": number, "name": f"p{number}"} for number in numbers]}}


def test_lists_merge_by_their_key(services: FieldTypes) -> None:
    merged = strategic_merge(services, ports(80, 443), {"spec": {"ports": [{"port": 443, "name": "tls"}]}})
    assert merged["spec"]["ports"] == [{"port": 80, "name": "p80"}, {"port": 443, "name": "tls"}]


def test_a_directive_deletes_an_item(services: FieldTypes) -> None:
    patch = {"spec": {"ports": [{"$patch": "delete", "port": 80}]}}
    assert strategic_merge(services, ports(80, 443), patch) == ports(443)


def test_a_directive_replaces_a_list(services: FieldTypes) -> None:
    patch = {"spec": {"ports": [{"$patch": "replace"}, {"port": 1, "name": "p1"}]}}
    assert strategic_merge(services, ports(80, 443), patch) == ports(1)


def test_the_order_of_a_list_is_the_patch_s(services: FieldTypes) -> None:
    patch = {
        "spec": {"$setElementOrder/ports": [{"port": 3}, {"port": 1}], "ports": [{"port": 3, "name": "p3"}]}
    }
    merged = strategic_merge(services, ports(1, 2), patch)
    assert [port["port"] for port in merged["spec"]["ports"]] == [3, 1, 2]


def test_primitive_items_are_deleted_and_added() -> None:
    types = FieldTypes(Schemas.load(), SERVICE)
    live = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}}
    assert strategic_merge(types, live, patch)["metadata"]["finalizers"] == ["c", "b"]


def test_keys_that_are_not_retained_go(deployments: FieldTypes) -> None:
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge(deployments, live, patch)["spec"]["strategy"] == {"type": "Recreate"}


def test_an_item_without_its_key_is_refused(services: FieldTypes) -> None:
    with pytest.raises(ApiError, match="merge key: port"):
        strategic_merge(services, ports(80), {"spec": {"ports": [{"name": "x"}]}})


def test_null_takes_a_field_out(services: FieldTypes) -> None:
    live = {"spec": {"selector": {"a": "b", "c": "d"}}}
    patch = {"spec": {"selector": {"a": None}}}
    assert strategic_merge(services, live, patch) == {"spec": {"selector": {"c": "d"}}}


@given(JSON, JSON)
def test_a_merge_patch_is_done_once(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@pytest.mark.parametrize(
    ("operations", "result"),
    [
        ([{"op": "add", "path": "/a/1", "value": 9}], {"a": [1, 9, 2]}),
        ([{"op": "add", "path": "/a/-", "value": 9}], {"a": [1, 2, 9]}),
        ([{"op": "remove", "path": "/a/0"}], {"a": [2]}),
        (
            [{"op": "replace", "path": "/a", "value": {"x/y": 1}}, {"op": "remove", "path": "/a/x~1y"}],
            {"a": {}},
        ),
        ([{"op": "copy", "from": "/a", "path": "/b"}], {"a": [1, 2], "b": [1, 2]}),
        ([{"op": "move", "from": "/a/0", "path": "/a/1"}], {"a": [2, 1]}),
        ([{"op": "test", "path": "/a/0", "value": 1}], {"a": [1, 2]}),
    ],
)
def test_json_patch_operations(operations: list[Any], result: Any) -> None:
    assert json_patch({"a": [1, 2]}, operations) == result


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/b"},
        {"op": "replace", "path": "/a/2", "value": 1},
        {"op": "add", "path": "/a/3", "value": 1},
        {"op": "add", "path": "/b/c", "value": 1},
        {"op": "test", "path": "/a/0", "value": 2},
        {"op": "add", "path": "/a/0"},
        {"op": "jump", "path": "/a"},
        {"op": "remove", "path": "a"},
        {"op": "remove", "path": ""},
        {"path": "/a"},
        "remove",
    ],
)
def test_json_patches_that_do_not_fit_are_refused(operation: Any) -> None:
    with pytest.raises(JsonPatchError):
        json_patch({"a": [1, 2]}, [operation])


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
                "path": st.sampled_from(["", "/", "/a", "/a/0", "/a/-", "/a/x", "/b/c"]),
            },
            optional={"from": st.sampled_from(["", "/a", "/a/1", "x"]), "value": JSON},
        ),
        max_size=4,
    )
)
def test_json_patch_never_fails_otherwise(operations: list[Any]) -> None:
    try:
        json_patch({"a": [1, {"b": 2}], "b": {}}, operations)
    except JsonPatchError as error:
        assert str(error)


def test_fields_survive_their_wire_form(services: FieldTypes) -> None:
    obj = {
        "metadata": {"name": "s", "labels": {"a.b/c": "d"}, "finalizers": ["x"]},
        "spec": {"ports": [{"port": 80, "protocol": "TCP"}], "selector": {"a": "b"}},
    }
    paths = set(fields_of(services, obj))
    assert ("f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:port") in paths
    assert ("f:metadata", "f:name") not in paths
    assert from_fields_v1(to_fields_v1(paths)) == paths
