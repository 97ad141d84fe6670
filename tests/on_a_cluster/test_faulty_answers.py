"""Single requests go wrong: refused, cut, lost, late. The run or its rollback deals with it, and at the
end everything is as it was.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from on_a_cluster.faults import Answer, CutBody, CutWatch, Delay, Drop, LoseAnswer, Rule, refuse
from on_a_cluster.lesson import CREATE, write_lesson
from on_a_cluster.proxy import FaultProxy
from on_a_cluster.user import User

pytestmark = pytest.mark.sandbox

OURS, KUBECTL = "egress-tutorial", "kubectl"
LOGIN_PAGE = Answer(200, b"<html>Log in first</html>", "text/html")
NOT_FOUND_PAGE = Answer(404, b"<html>No such page</html>", "text/html")

WAIT = """\
title: Wait for a label
command: |
  (sleep 0.3; kubectl label configmap first is=done) >/dev/null &
  kubectl wait configmap/first --for=jsonpath='{.metadata.labels.is}'=done --timeout=30s
cleanup: {commands: [kubectl label configmap first is-], by_hand: Take the label away.}
"""

HARMLESS = {
    "429 to deletes": [Rule(refuse(429, retry_after=1), "DELETE", agent=OURS, times=2)],
    "503 to look-ups": [Rule(refuse(503), "GET", "/namespaces/.*/", agent=OURS, skip=3, times=2)],
    "409 to deletes": [Rule(refuse(409), "DELETE", agent=OURS, times=2)],
    "deletes dropped": [Rule(Drop(), "DELETE", agent=OURS, times=2)],
    "answers to deletes lost": [Rule(LoseAnswer(), "DELETE", agent=OURS, times=2)],
    "look-ups cut": [Rule(CutBody(30), "GET", "/namespaces/", agent=OURS, skip=2, times=2)],
    "look-ups late": [Rule(Delay(0.4), "GET", "/services/", agent=OURS, times=2)],
}
"""Faults that no person notices."""

IN_THE_ROLLBACK = {
    "500 to deletes": [Rule(refuse(500), "DELETE", agent=OURS, times=2)],
    "500 to look-ups": [Rule(refuse(500), "GET", "/(third|first)$", agent=OURS, times=2)],
    "a login page": [Rule(LOGIN_PAGE, "GET", agent=OURS, times=2)],
    "a proxy's 404": [Rule(NOT_FOUND_PAGE, "GET|DELETE", "/(third|first)$", agent=OURS, times=2)],
    "lists cut": [Rule(CutBody(30), "GET", "limit=", agent=OURS, times=3)],
}
"""Faults that a rollback waits out."""

IN_A_STEP = {
    "500 to a create": [Rule(refuse(500), "POST", "/services", agent=KUBECTL)],
    "429 to a create": [Rule(refuse(429), "POST", "/services", agent=KUBECTL, times=20)],
    "a create's answer lost": [Rule(LoseAnswer(), "POST", "/services", agent=KUBECTL)],
    "a create dropped": [Rule(Drop(), "POST", "/services", agent=KUBECTL)],
    "403 to a look-up": [Rule(refuse(403), "GET", "/services/second$", agent=OURS, skip=1)],
    "500 to a look-up": [Rule(refuse(500), "GET", "/services/second$", agent=OURS, skip=1, times=1)],
}
"""Faults by which a step fails."""


@pytest.mark.parametrize("rules", HARMLESS.values(), ids=HARMLESS)
def test_a_run_goes_on_over_what_may_pass(
    proxied: User, proxy: FaultProxy, lesson: object, rules: Sequence[Rule]
) -> None:
    proxy.add(*rules)
    done = proxied.run(str(lesson))
    assert done.returncode == 0, done.stdout + done.stderr
    assert any(request.fault is not None for request in proxy.requests)
    assert proxied.runs() == []
    proxied.assert_as_before()


def test_a_step_that_waits_by_a_watch_goes_on_when_that_is_cut(proxied: User, proxy: FaultProxy) -> None:
    proxy.add(Rule(CutWatch(1), "GET", "watch=", agent=KUBECTL, times=1))
    done = proxied.run(write_lesson(proxied.machine.folder / "lesson", CREATE, WAIT))
    assert done.returncode == 0, done.stdout + done.stderr
    assert proxy.count("GET", "watch=") > 1
    proxied.assert_as_before()


@pytest.mark.parametrize("rules", IN_THE_ROLLBACK.values(), ids=IN_THE_ROLLBACK)
def test_a_rollback_waits_out_a_server_in_trouble(
    proxied: User, proxy: FaultProxy, lesson: object, rules: Sequence[Rule]
) -> None:
    assert proxied.run(str(lesson), "--keep").returncode == 0
    proxy.add(*rules)
    done = proxied.roll_back()
    assert done.returncode == 0, done.stdout + done.stderr
    assert any(request.fault is not None for request in proxy.requests)
    proxied.assert_as_before()


@pytest.mark.parametrize("rules", IN_A_STEP.values(), ids=IN_A_STEP)
def test_a_step_that_fails_by_it_is_undone(
    proxied: User, proxy: FaultProxy, lesson: object, rules: Sequence[Rule]
) -> None:
    proxy.add(*rules)
    done = proxied.run(str(lesson))
    assert done.returncode in (1, 4, 5), done.stdout + done.stderr
    assert any(request.fault is not None for request in proxy.requests)
    proxy.rules.clear()
    proxied.assert_rolled_back()
