"""What is served, and what the user may do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from preflight.samples import PLACE, SERVED, requirements, survey

from tutorial.preflight.finding import Finding
from tutorial.preflight.permissions import check_kinds, check_permissions
from tutorial.preflight.survey import Review
from tutorial.steps.kubectl_calls import ALL_NAMESPACES, Request

READ = Request("get", "svc", "default", "web")
WRITE = Request("create", "endpoints", "default")
REMOVE = Request("delete", "endpoints", "default", "web")
RUN = Request("create", "pods", "plain", subresource="exec")
MAKE = Request("create", "namespace")
STEPS = {READ: ("look",), WRITE: ("make",), REMOVE: ("make", "remove"), RUN: ("ask",), MAKE: ("space",)}


def finding(denied: tuple[Request, ...] = (), **seen: object) -> Finding:
    reviews = {request: Review(request not in denied) for request in STEPS}
    return check_permissions(requirements(requests=STEPS), survey(reviews=reviews, **seen), PLACE)


def test_all_that_is_asked_for_must_be_allowed() -> None:
    assert finding().state == "pass"
    assert "(5 rights)" in finding().why


def test_what_is_not_allowed_is_told_with_the_steps_that_need_it() -> None:
    found = finding((WRITE, REMOVE, RUN))
    assert found.state == "fail"
    assert found.why == (
        "not allowed: create, delete endpoints in default (make, remove); create pods/exec in plain (ask)"
    )
    assert "kubectl --context kind auth can-i create endpoints -n default" in found.do
    assert "CVE-2021-25740" in found.do


def test_a_namespace_that_is_there_need_not_be_made() -> None:
    assert finding((MAKE,)).state == "fail"
    assert finding((MAKE,), labels={"default": {}, "plain": {}}).state == "pass"


def test_a_server_that_does_not_say_leaves_it_open() -> None:
    reviews = {READ: Review(True), WRITE: Review(None, "no reviews here")}
    found = check_permissions(requirements(requests=STEPS), survey(reviews=reviews), PLACE)
    assert (found.state, "no reviews here" in found.why) == ("unknown", True)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (RUN, "auth can-i create pods --subresource=exec -n plain"),
        (Request("list", "pods", ALL_NAMESPACES), "auth can-i list pods -A"),
        (READ, "auth can-i get svc/web -n default"),
        (Request("get", "namespace", name="plain"), "auth can-i get namespace/plain -n plain"),
    ],
)
def test_the_command_that_tries_it(request_: Request, words: str) -> None:
    needed = requirements(requests={request_: ("s",)})
    served = replace(
        SERVED, resources=(*SERVED.resources, replace(SERVED.resources[2], short_names=("svc",)))
    )
    seen = survey(reviews={request_: Review(False)}, served=served)
    assert f"kubectl --context kind {words}" in check_permissions(needed, seen, PLACE).do


def test_kinds_must_be_served() -> None:
    known = requirements(requests={WRITE: ("make",)})
    assert check_kinds(known, survey(), PLACE).state == "pass"
    unknown = requirements(requests={Request("get", "gateway", "default"): ("ask",)})
    found = check_kinds(unknown, survey(), PLACE)
    assert (found.state, found.why) == ("fail", "not served: gateway (ask)")
    silent = survey(served=replace(SERVED, missing=("gateway.networking.k8s.io/v1",)))
    assert check_kinds(unknown, silent, PLACE).state == "unknown"
