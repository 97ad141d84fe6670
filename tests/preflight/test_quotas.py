"""Whether quotas and limit ranges leave room for what the steps make."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from preflight.samples import PLACE, look, named, requirements, survey, workload

from tutorial.preflight.finding import Finding
from tutorial.preflight.quantities import quantity
from tutorial.preflight.quotas import check_quotas
from tutorial.steps.model import ObjectReference

CREATES = (
    ObjectReference("service", "sleep", "default"),
    ObjectReference("service", "my-httpbin", "default"),
    ObjectReference("deployment", "sleep", "default"),
    ObjectReference("destinationrule", "my-httpbin", "default"),
    ObjectReference("service", "sleep", "plain"),
)
SIZED = {
    "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "64Mi"}}
}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", "1"),
        ("0.5", "0.5"),
        ("100m", "0.1"),
        ("1Gi", "1073741824"),
        ("128Mi", "134217728"),
        ("2k", "2000"),
        ("1e3", "1000"),
        ("5E", "5e18"),
        (".5", "0.5"),
        (3, "3"),
    ],
)
def test_quantities(text: object, number: str) -> None:
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "a", "1 Gi", "1gi", "--1", None, "1e9999"])
def test_what_is_no_quantity(text: object) -> None:
    assert quantity(text) is None


@given(st.text(max_size=12))
def test_any_text_is_a_quantity_or_none(text: str) -> None:
    assert quantity(text) is None or isinstance(quantity(text), Decimal)


def quota(hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return named("limits", "default", spec={"hard": hard, **spec}, status={"hard": hard, "used": used or {}})


def limit_range(**limits: dict[str, str]) -> dict[str, Any]:
    return named("range", "default", spec={"limits": [{"type": "Container", **limits}]})


def finding(*quotas: dict[str, Any], ranges: tuple[dict[str, Any], ...] = (), **fields: Any) -> Finding:
    seen = survey(quotas={"default": look(*quotas), "plain": look()}, limit_ranges={"default": look(*ranges)})
    return check_quotas(requirements(creates=CREATES, **fields), seen, PLACE)


@pytest.mark.parametrize(
    ("hard", "used", "state"),
    [
        ({"services": "5"}, {"services": "3"}, "pass"),
        ({"services": "5"}, {"services": "4"}, "fail"),
        ({"count/services": "1"}, {}, "fail"),
        ({"pods": "3"}, {"pods": "2"}, "pass"),
        ({"pods": "3"}, {"pods": "3"}, "fail"),
        ({"count/replicasets.apps": "0"}, {}, "fail"),
        ({"count/destinationrules.networking.istio.io": "1"}, {}, "pass"),
        (
            {"count/destinationrules.networking.istio.io": "1"},
            {"count/destinationrules.networking.istio.io": "1"},
            "fail",
        ),
        ({"secrets": "0"}, {}, "pass"),
        ({"requests.storage": "1Gi"}, {}, "pass"),
    ],
)
def test_counts(hard: dict[str, str], used: dict[str, str], state: str) -> None:
    assert finding(quota(hard, used)).state == state


@pytest.mark.parametrize(("full", "setting"), [("default", "NAMESPACE"), ("plain", "PLAIN_NAMESPACE")])
def test_the_way_out_leads_to_the_namespace_that_has_the_quota(full: str, setting: str) -> None:
    looks = {each: look() for each in ("default", "plain")} | {full: look(quota({"pods": "0"}))}
    found = check_quotas(requirements(creates=CREATES), survey(quotas=looks), PLACE)
    assert found.state == "fail"
    assert f"another namespace: --set {setting}=..." in found.do
    assert found.do.endswith(f"kubectl --context kind describe quota,limits -n {full}")


def test_a_quota_of_cpu_refuses_containers_that_do_not_name_theirs() -> None:
    found = finding(quota({"limits.cpu": "10"}))
    assert found.state == "fail"
    assert "sleep does not" in found.why
    assert finding(quota({"limits.cpu": "10"}), ranges=(limit_range(default={"cpu": "1"}),)).state == "pass"


@pytest.mark.parametrize(
    ("hard", "state"),
    [
        ({"requests.cpu": "150m"}, "pass"),
        ({"requests.cpu": "149m"}, "fail"),
        ({"cpu": "150m"}, "pass"),
        ({"limits.cpu": "3"}, "pass"),
        ({"limits.cpu": "2500m"}, "fail"),
        ({"limits.memory": "1088Mi"}, "pass"),
        ({"limits.memory": "1Gi"}, "fail"),
    ],
)
def test_the_sidecar_takes_room_too(hard: dict[str, str], state: str) -> None:
    sized = workload(containers=[{"name": "sleep", **SIZED}])
    assert finding(quota(hard), workloads=(sized,)).state == state


def test_a_sidecar_may_be_larger_than_a_container_may_be() -> None:
    found = finding(ranges=(limit_range(max={"cpu": "1"}),))
    assert found.state == "fail"
    assert "istio-proxy may use cpu up to 1" in found.why


def test_a_quota_of_some_pods_only_leaves_it_open() -> None:
    assert finding(quota({"pods": "0"}, scopes=["BestEffort"])).state == "unknown"


def test_quotas_that_may_not_be_seen_leave_it_open() -> None:
    seen = survey(quotas={"default": look(refused="no")})
    assert check_quotas(requirements(), seen, PLACE).state == "unknown"
    assert finding().why == "there are none"
