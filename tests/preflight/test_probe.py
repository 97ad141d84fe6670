"""The pod that asks the outside: what becomes of it, and what its end means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from engine.fakes import FakeClock, FakeStopper
from preflight.samples import PLACE, look, named, requirements, resource, survey, workload

from tutorial.backends.discovery import Resource
from tutorial.engine.ports import Stop
from tutorial.errors import ClusterAwayError
from tutorial.preflight.client import KubernetesClient, RefusedError
from tutorial.preflight.finding import Finding
from tutorial.preflight.left_probes import LABELS, SECONDS, check_left_probes
from tutorial.preflight.probe import probe, probe_image, probe_namespace
from tutorial.preflight.requirements import Question
from tutorial.preflight.survey import Look

PODS = resource("Pod", "pods")
QUESTIONS = (
    Question("one", "curl ${HOST}", variables=(("HOST", "one.example; true"),)),
    Question("two", "curl two.example"),
)
ANSWERED = {"terminated": {"exitCode": 0}}


class FakePods:
    """The pods of a namespace. `states` are those of the probe's containers, look after look; the last
    stays. `refuses` are errors by what was asked."""

    def __init__(self, *states: dict[str, dict[str, Any]]) -> None:
        self.states = list(states)
        self.refuses: dict[str, Exception] = {}
        self.made: list[Mapping[str, Any]] = []
        self.deleted: list[tuple[str, str]] = []
        self.others: tuple[dict[str, Any], ...] = ()
        self.on_look = lambda: None

    def find(self, kind: str) -> Resource | None:
        return PODS if kind == "pods" else None

    def create(self, kind: Resource, namespace: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if "create" in self.refuses:
            raise self.refuses["create"]
        self.made.append(body)
        return named("probe-1", namespace)

    def delete(self, kind: Resource, namespace: str, name: str, uid: str) -> None:
        if "delete" in self.refuses:
            raise self.refuses["delete"]
        self.deleted.append((name, uid))

    def look(self, kind: str, namespace: str | None, name: str = "", *, labels: str = "") -> Look:
        if kind == "namespace":
            return look(named(name)) if name == "plain" else look()
        if labels:
            return look(*self.others)
        self.on_look()
        if "look" in self.refuses:
            raise self.refuses["look"]
        if not self.states:
            return look()
        states = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        statuses = [{"name": name, "state": state} for name, state in states.items()]
        return look(named(name, status={"containerStatuses": statuses}))


def ask(pods: FakePods, stopper: FakeStopper | None = None, clock: FakeClock | None = None) -> list[Finding]:
    return probe(
        cast(KubernetesClient, pods),
        requirements(outside=QUESTIONS),
        "plain",
        place=PLACE,
        clock=clock or FakeClock(),
        stopper=stopper or FakeStopper(),
    )


def states(findings: list[Finding]) -> list[str]:
    return [finding.state for finding in findings]


def test_every_question_is_a_container_and_no_value_is_part_of_a_command() -> None:
    pods = FakePods(
        {},
        {"question-1": ANSWERED, "question-2": {"running": {}}},
        dict.fromkeys(("question-1", "question-2"), ANSWERED),
    )
    assert states(ask(pods)) == ["pass", "pass"]
    (pod,) = pods.made
    first, second = pod["spec"]["containers"]
    assert first["command"] == ["/bin/sh", "-c", "curl ${HOST}"]
    assert first["env"] == [{"name": "HOST", "value": "one.example; true"}]
    assert (second["image"], second["env"]) == ("curl", [])
    assert pod["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"
    assert pods.deleted == [("probe-1", "uid-probe-1")]


def test_the_pod_of_the_probe_fits_restricted_pod_security() -> None:
    from tutorial.preflight.pod_security import ENFORCE, check_pod_security

    pods = FakePods({"question-1": ANSWERED, "question-2": ANSWERED})
    ask(pods)
    probing = requirements(workloads=(workload("plain", **pods.made[0]["spec"]),))
    seen = survey(labels={"plain": {ENFORCE: "restricted"}})
    assert check_pod_security(probing, seen, None, PLACE).state == "pass"


def test_what_does_not_answer_is_told_with_its_last_words() -> None:
    silent = {"terminated": {"exitCode": 6, "message": "a\x1b[2J\ncurl: (6) no such host\n"}}
    mute = {"terminated": {"exitCode": 28}}
    first, second = ask(FakePods({"question-1": silent, "question-2": mute}))
    assert (first.state, first.why) == (
        "fail",
        "one does not answer, asked from plain: curl: (6) no such host",
    )
    assert second.why.endswith("exit code 28")


def test_what_the_program_complains_of_is_told_and_not_its_advice() -> None:
    """As curl 7.88 says it, with what a shell may say before."""
    said = (
        "sh: no job control\n"
        "curl: (60) SSL certificate problem: unable to get local issuer certificate\n"
        "More details here: https://curl.se/docs/sslcerts.html\n\n"
        "how to fix it, please visit the web page mentioned above.\n"
    )
    refused = {"terminated": {"exitCode": 60, "message": said}}
    first, _ = ask(FakePods({"question-1": refused, "question-2": ANSWERED}))
    assert first.why.endswith("curl: (60) SSL certificate problem: unable to get local issuer certificate")


def test_an_image_that_cannot_be_pulled_ends_the_waiting() -> None:
    pulling = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    clock = FakeClock()
    before = clock.now
    findings = ask(FakePods({"question-1": pulling, "question-2": pulling}), clock=clock)
    assert states(findings) == ["fail", "fail"]
    assert "ImagePullBackOff: no such image" in findings[0].why
    assert "--set IMAGE" in findings[0].do
    assert clock.now == before


def test_a_pod_that_does_not_start_is_waited_for_so_long_and_deleted() -> None:
    pods, clock = FakePods({}), FakeClock()
    before = clock.now
    assert states(ask(pods, clock=clock)) == ["unknown", "unknown"]
    assert SECONDS <= clock.now - before < SECONDS + 2
    assert pods.deleted


def test_a_pod_that_somebody_deleted_is_no_answer() -> None:
    assert states(ask(FakePods())) == ["unknown", "unknown"]


def test_a_signal_ends_the_waiting_and_the_pod_is_deleted() -> None:
    pods, stopper, clock = FakePods({}), FakeStopper(), FakeClock()
    pods.on_look = lambda: stopper.send(Stop.TERMINATE)
    before = clock.now
    ask(pods, stopper, clock)
    assert clock.now - before < 1
    assert pods.deleted


def test_a_server_that_goes_away_leaves_the_command_that_deletes_the_pod() -> None:
    pods = FakePods({"question-1": ANSWERED, "question-2": ANSWERED})
    pods.refuses["delete"] = ClusterAwayError("It does not answer.", why="Connection refused.")
    left = ask(pods)[-1]
    assert left.state == "warn"
    assert left.do == "kubectl --context kind delete pod probe-1 -n plain"
    pods.refuses = {"look": ClusterAwayError("It does not answer.")}
    with pytest.raises(ClusterAwayError):
        ask(pods)
    assert len(pods.deleted) == 1


@pytest.mark.parametrize(("status", "count"), [(404, 2), (409, 2), (403, 3)])
def test_a_pod_that_is_gone_needs_no_deleting(status: int, count: int) -> None:
    pods = FakePods({"question-1": ANSWERED, "question-2": ANSWERED})
    pods.refuses["delete"] = RefusedError(status, "refused")
    assert len(ask(pods)) == count


def test_a_pod_that_may_not_be_made_leaves_it_open() -> None:
    pods = FakePods()
    pods.refuses["create"] = RefusedError(403, "no right")
    (finding,) = ask(pods)
    assert (finding.state, "no right" in finding.why) == ("unknown", True)


def others(now: float) -> tuple[dict[str, Any], ...]:
    """Pods of other probes: two that nobody waits for any more, and three that somebody may wait for."""

    def other(name: str, phase: str, age: float) -> dict[str, Any]:
        pod = named(name, "plain", dict(LABELS), status={"phase": phase})
        stamp = datetime.fromtimestamp(now - age, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        pod["metadata"]["creationTimestamp"] = stamp
        return pod

    return (
        other("old", "Failed", 3 * SECONDS),
        other("never-started", "Pending", 11 * SECONDS),
        other("young", "Succeeded", 10),
        other("running", "Running", 3 * SECONDS),
        other("pending", "Pending", 3 * SECONDS),
    )


def test_pods_of_killed_probes_are_deleted_once_nobody_can_wait_for_them() -> None:
    clock = FakeClock()
    pods = FakePods({"question-1": ANSWERED, "question-2": ANSWERED})
    pods.others = others(clock.now)
    ask(pods, clock=clock)
    assert [name for name, _ in pods.deleted] == ["old", "never-started", "probe-1"]


def test_pods_of_killed_probes_are_named_with_the_command_that_deletes_them() -> None:
    clock = FakeClock()
    seen = survey(probes={"plain": look(*others(clock.now)), "default": look(refused="no right")})
    (finding,) = check_left_probes(seen, PLACE, clock.now)
    assert (finding.state, finding.why) == (
        "warn",
        "a probe that was killed left old, never-started in plain",
    )
    assert finding.do.startswith("kubectl --context kind delete pod old never-started -n plain (")
    assert check_left_probes(survey(), PLACE, clock.now) == []


def test_the_image_is_the_samples_and_the_place_is_outside_the_mesh_if_it_is_there() -> None:
    assert probe_image(requirements()) == "curl"
    assert probe_image(requirements(workloads=())) == ""
    pods = cast(KubernetesClient, FakePods())
    assert probe_namespace(requirements(), pods) == "plain"
    assert probe_namespace(requirements(sidecars={"default": "automatic", "gone": "none"}), pods) == "default"
