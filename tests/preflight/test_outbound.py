"""Whether the mesh lets pods out to the hosts that they ask for."""

from __future__ import annotations

from typing import Any

import pytest
from preflight.samples import FACTS, PLACE, look, named, requirements, survey

from tutorial.preflight.outbound import Policy, check_outbound, effective_policies
from tutorial.preflight.survey import Mesh

STRICT = "outboundTrafficPolicy:\n  mode: REGISTRY_ONLY\n"


def mesh(config: str = "", refused: str = "", **sidecars: list[dict[str, Any]]) -> Mesh:
    """`sidecars` are Sidecar resources by namespace (`istio_system` for the mesh's)."""
    return Mesh(
        config=look(refused=refused) if refused else look(named("istio", data={"mesh": config})),
        sidecar_resources={name.replace("_", "-"): look(*items) for name, items in sidecars.items()},
    )


def sidecar(name: str, namespace: str, mode: str = "", **labels: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"outboundTrafficPolicy": {"mode": mode}} if mode else {}
    if labels:
        spec["workloadSelector"] = {"labels": labels}
    return named(name, namespace, spec=spec)


@pytest.mark.parametrize(
    ("seen", "mode"),
    [
        (mesh(), "ALLOW_ANY"),
        (mesh("accessLogFile: /dev/stdout\n"), "ALLOW_ANY"),
        (mesh(STRICT), "REGISTRY_ONLY"),
        (mesh("{ broken"), ""),
        (mesh(refused="no"), ""),
        (mesh(STRICT, default=[sidecar("own", "default", "ALLOW_ANY")]), "ALLOW_ANY"),
        (mesh(default=[sidecar("own", "default", "REGISTRY_ONLY")]), "REGISTRY_ONLY"),
        (
            mesh(default=[sidecar("own", "default")], istio_system=[sidecar("a", "b", "REGISTRY_ONLY")]),
            "ALLOW_ANY",
        ),
        (mesh(istio_system=[sidecar("all", "istio-system", "REGISTRY_ONLY")]), "REGISTRY_ONLY"),
        (mesh(default=[sidecar("other", "default", "REGISTRY_ONLY", app="other")]), "ALLOW_ANY"),
        (
            mesh(
                default=[
                    sidecar("all", "default", "ALLOW_ANY"),
                    sidecar("own", "default", "REGISTRY_ONLY", app="sleep"),
                ]
            ),
            "REGISTRY_ONLY",
        ),
    ],
)
def test_the_most_specific_policy_holds(seen: Mesh, mode: str) -> None:
    from preflight.samples import workload

    needed = requirements(workloads=(workload(labels={"app": "sleep"}),))
    assert effective_policies(needed, seen)["default"].mode == mode


def finding(seen: Mesh, **fields: Any) -> Any:
    facts = {**FACTS, **fields.pop("facts", {})}
    return check_outbound(requirements(**fields), survey(seen, facts=facts), seen, PLACE)


def with_entries(*entries: dict[str, Any], refused: str = "") -> Mesh:
    base = mesh(STRICT)
    return Mesh(config=base.config, service_entries=look(*entries, refused=refused))


def entry(*hosts: str, namespace: str = "istio-system", **spec: Any) -> dict[str, Any]:
    return named("entry", namespace, spec={"hosts": list(hosts), **spec})


def test_an_open_mesh_passes_and_a_hidden_one_is_open() -> None:
    assert finding(mesh()).state == "pass"
    assert finding(mesh(refused="no")).state == "unknown"


def test_a_strict_mesh_fails_with_what_to_ask_for() -> None:
    found = finding(with_entries())
    assert found.state == "fail"
    assert "httpbin.org" in found.why
    assert "ServiceEntry" in found.do


@pytest.mark.parametrize(
    ("known", "state"),
    [
        (entry("httpbin.org"), "pass"),
        (entry("*.org"), "pass"),
        (entry("*.httpbin.org", "example.org"), "fail"),
        (entry("httpbin.org", exportTo=["."]), "fail"),
        (entry("httpbin.org", exportTo=["default"]), "pass"),
        (entry("httpbin.org", namespace="default", exportTo=["."]), "pass"),
    ],
)
def test_a_service_entry_lets_its_hosts_out(known: dict[str, Any], state: str) -> None:
    assert finding(with_entries(known)).state == state


def test_a_strict_mesh_is_no_matter_where_the_mesh_knows_the_service() -> None:
    assert finding(with_entries(), outside=()).state == "pass"
    assert finding(with_entries(), facts={"istio": "1.20.4"}).state == "pass"


def test_what_a_strict_mesh_knows_may_be_hidden() -> None:
    assert finding(with_entries(refused="no")).state == "unknown"
    assert finding(with_entries(), facts={"mesh": "ambient"}).state == "unknown"


def test_pods_without_sidecars_need_no_policy() -> None:
    assert finding(mesh(STRICT), sidecars={"default": "none"}) is None
    assert Policy("", "") in effective_policies(requirements(), mesh(refused="no")).values()
