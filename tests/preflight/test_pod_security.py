"""Whether Pod Security admission lets the steps' pods in."""

from __future__ import annotations

from typing import Any

import pytest
from preflight.samples import FACTS, PLACE, look, named, requirements, survey, workload

from tutorial.preflight.finding import Finding
from tutorial.preflight.pod_security import ENFORCE, check_pod_security
from tutorial.preflight.survey import Mesh

HARDENED = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
    "capabilities": {"drop": ["ALL"]},
}
CNI = Mesh(cni=look(named("istio-cni-node")))


def finding(
    level: str,
    *,
    mesh: Mesh | None = None,
    sidecar: str = "none",
    facts: dict[str, str] | None = None,
    **spec: Any,
) -> Finding:
    mesh = mesh or Mesh()
    needed = requirements(workloads=(workload(**spec),), sidecars={"default": sidecar})
    seen = survey(
        mesh, labels={"default": {ENFORCE: level} if level else {}}, facts={**FACTS, **(facts or {})}
    )
    return check_pod_security(needed, seen, mesh, PLACE)


@pytest.mark.parametrize(
    ("level", "state"), [("", "pass"), ("privileged", "pass"), ("baseline", "pass"), ("restricted", "fail")]
)
def test_the_sample_is_let_in_but_by_restricted(level: str, state: str) -> None:
    assert finding(level).state == state


def test_a_hardened_pod_is_let_in_by_restricted() -> None:
    assert finding("restricted", containers=[{"name": "a", "securityContext": HARDENED}]).state == "pass"
    for_the_pod = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    own = {name: value for name, value in HARDENED.items() if name not in for_the_pod}
    assert (
        finding(
            "restricted", containers=[{"name": "a", "securityContext": own}], securityContext=for_the_pod
        ).state
        == "pass"
    )


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"hostNetwork": True}, "hostNetwork"),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "hostPath"),
        ({"containers": [{"name": "a", "securityContext": {"privileged": True}}]}, "privileged"),
        (
            {"containers": [{"name": "a", "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]},
            "SYS_ADMIN",
        ),
        ({"containers": [{"name": "a", "ports": [{"containerPort": 1, "hostPort": 1}]}]}, "hostPort"),
        (
            {
                "containers": [{"name": "a"}],
                "initContainers": [{"name": "b", "securityContext": {"privileged": True}}],
            },
            "b is privileged",
        ),
    ],
)
def test_what_baseline_refuses(spec: dict[str, Any], reason: str) -> None:
    found = finding("baseline", **spec)
    assert found.state == "fail"
    assert reason in found.why
    assert finding("privileged", **spec).state == "pass"


@pytest.mark.parametrize("missing", list(HARDENED))
def test_what_restricted_asks_for(missing: str) -> None:
    lacking = {name: value for name, value in HARDENED.items() if name != missing}
    assert finding("restricted", containers=[{"name": "a", "securityContext": lacking}]).state == "fail"


@pytest.mark.parametrize("sidecar", ["automatic", "manual"])
def test_the_sidecars_init_container_needs_net_admin_unless_istios_cni_does_its_work(sidecar: str) -> None:
    found = finding("baseline", sidecar=sidecar)
    assert found.state == "fail"
    assert "NET_ADMIN" in found.why
    assert "CNI" in found.do
    assert finding("baseline", sidecar=sidecar, mesh=CNI).state == "pass"
    assert finding("baseline", sidecar=sidecar, mesh=Mesh(cni=look(refused="no"))).state == "unknown"
    assert finding("baseline", sidecar=sidecar, facts={"mesh": "ambient"}).state == "pass"


def test_labels_that_may_not_be_seen_leave_it_open() -> None:
    seen = survey(namespaces={"default": look(refused="no"), "plain": look(refused="no")})
    assert check_pod_security(requirements(), seen, Mesh(), PLACE).state == "unknown"
