"""Which pods get a sidecar, by the labels of namespace and pod; and how to turn it on."""

from __future__ import annotations

from typing import Any

import pytest
from preflight.samples import PLACE, look, named, requirements, survey, workload

from tutorial.preflight.finding import Finding
from tutorial.preflight.injection import Revisions, check_injection, decide, known_revisions
from tutorial.preflight.survey import Mesh, Program

DEFAULT = Revisions(frozenset({"default"}))
CANARY = Revisions(frozenset({"canary"}))
ON, OFF = {"istio-injection": "enabled"}, {"istio-injection": "disabled"}
REVISION = {"istio.io/rev": "default"}
INJECT = "sidecar.istio.io/inject"


@pytest.mark.parametrize(
    ("namespace", "pod", "revisions", "injected"),
    [
        (ON, {}, DEFAULT, True),
        (ON, {INJECT: "true"}, DEFAULT, True),
        (ON, {INJECT: "false"}, DEFAULT, False),
        (OFF, {INJECT: "true"}, DEFAULT, False),
        (REVISION, {}, DEFAULT, True),
        (REVISION, {INJECT: "false"}, DEFAULT, False),
        ({"istio.io/rev": "old"}, {INJECT: "true"}, DEFAULT, False),
        ({**ON, "istio.io/rev": "old"}, {}, DEFAULT, True),
        ({}, {INJECT: "true"}, DEFAULT, True),
        ({}, {"istio.io/rev": "default"}, DEFAULT, True),
        ({}, {"istio.io/rev": "old"}, DEFAULT, False),
        ({}, {}, DEFAULT, False),
        ({}, {}, Revisions(frozenset({"default"}), by_default=True), True),
        (OFF, {}, Revisions(frozenset({"default"}), by_default=True), False),
        (ON, {}, CANARY, False),
        ({"istio.io/rev": "canary"}, {}, CANARY, True),
        (ON, {}, None, True),
        ({"istio.io/rev": "canary"}, {}, None, None),
        ({}, {}, None, False),
    ],
)
def test_the_labels_decide(
    namespace: dict[str, str], pod: dict[str, str], revisions: Revisions | None, injected: bool | None
) -> None:
    assert decide("demo", namespace, workload("demo", labels=pod), revisions).injected is injected


@pytest.mark.parametrize(
    ("namespace", "spec"),
    [
        ("demo", {"hostNetwork": True}),
        ("demo", {"annotations": {INJECT: "false"}}),
        ("kube-system", {}),
    ],
)
def test_some_pods_never_get_one(namespace: str, spec: dict[str, Any]) -> None:
    assert decide(namespace, ON, workload(namespace, **spec), DEFAULT).injected is False


def test_revisions_are_those_of_the_injectors_and_their_tags_else_of_istiod() -> None:
    tagged = named("tag", labels={"istio.io/rev": "1-27", "istio.io/tag": "default"})
    always = named("inject", labels={"istio.io/rev": "1-26"}, webhooks=[{"name": "auto.sidecar.istio.io"}])
    istiod = named("istiod", labels={"istio.io/rev": "1-25"})
    seen = Mesh(injectors=look(tagged, always), istiod=look(istiod))
    assert known_revisions(seen) == Revisions(frozenset({"1-27", "default", "1-26"}), by_default=True)
    assert known_revisions(Mesh(istiod=look(istiod))) == Revisions(frozenset({"1-25"}))
    assert known_revisions(Mesh(injectors=look(refused="no"), istiod=look(refused="no"))) is None


def findings(mesh: Mesh | None = None, sidecars: dict[str, str] | None = None, **seen: Any) -> list[Finding]:
    needed = requirements(**({"sidecars": sidecars} if sidecars else {}))
    mesh = mesh or Mesh(istiod=look(named("istiod")))
    return check_injection(needed, survey(**seen), mesh, PLACE)


def test_a_labelled_namespace_and_one_that_will_be_made_pass() -> None:
    from tutorial.steps.model import ObjectReference

    made = requirements(creates=(ObjectReference("namespace", "plain"),))
    first, second = check_injection(made, survey(), Mesh(istiod=look(named("istiod"))), PLACE)
    assert (first.state, second.state) == ("pass", "pass")
    assert "istio-injection=enabled" in first.why
    assert "will be made" in second.why


@pytest.mark.parametrize(
    ("labels", "revision", "command"),
    [
        ({}, "default", "label namespace default istio-injection=enabled --overwrite"),
        (OFF, "default", "label namespace default istio-injection=enabled --overwrite"),
        (ON, "canary", "label namespace default istio.io/rev=canary --overwrite istio-injection-"),
    ],
)
def test_a_namespace_without_injection_fails_with_the_command_that_turns_it_on(
    labels: dict[str, str], revision: str, command: str
) -> None:
    mesh = Mesh(istiod=look(named("istiod", labels={"istio.io/rev": revision})))
    finding = findings(mesh, labels={"default": labels, "plain": {}})[0]
    assert finding.state == "fail"
    assert finding.do == f"kubectl --context kind {command}"


def test_a_namespace_that_is_missing_fails_with_the_commands_that_make_it() -> None:
    finding = findings(labels={})[0]
    assert (finding.state, finding.why) == ("fail", "there is no namespace default")
    assert finding.do == (
        "kubectl --context kind create namespace default"
        " && kubectl --context kind label namespace default istio-injection=enabled --overwrite"
    )


def test_ambient_mode_needs_no_injection_and_is_wrong_for_the_plain_namespace() -> None:
    ambient = {"istio.io/dataplane-mode": "ambient"}
    meshed, plain = findings(labels={"default": ambient, "plain": ambient})
    assert (meshed.state, plain.state) == ("pass", "fail")
    assert "--set PLAIN_NAMESPACE" in plain.do


def test_a_plain_namespace_that_would_be_injected_fails() -> None:
    assert findings(labels={"default": ON, "plain": ON})[1].state == "fail"
    assert findings(labels={"default": ON, "plain": {}})[1].state == "pass"


def test_labels_that_may_not_be_seen_leave_it_open() -> None:
    refused = {"default": look(refused="not yours"), "plain": look()}
    finding = findings(namespaces=refused)[0]
    assert finding.state == "unknown"
    assert "not yours" in finding.why


@pytest.mark.parametrize(("path", "state"), [("/usr/bin/istioctl", "pass"), ("", "fail")])
def test_injection_by_hand_needs_istioctl(path: str, state: str) -> None:
    mesh = Mesh(istiod=look(named("istiod")), istioctl=Program(path))
    assert findings(mesh, sidecars={"default": "manual"}, labels={"default": {}})[0].state == state
