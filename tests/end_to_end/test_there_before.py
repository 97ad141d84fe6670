"""What was in the cluster before the run is neither changed nor deleted."""

from __future__ import annotations

import pytest
from end_to_end.machine import Machine

pytestmark = pytest.mark.sandbox


def test_a_service_that_was_there_is_refused_before_the_first_step(
    machine: Machine, sandbox: dict[str, str]
) -> None:
    machine.kubectl("create", "service", "externalname", "my-httpbin", "--external-name", "example.org")
    before = machine.objects()
    done = machine.run("run", "externalname", "--auto")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "service/my-httpbin" in done.stderr
    assert "Next: " in done.stderr
    assert "Running" not in done.stdout
    assert machine.objects() == before
    spec = machine.kubectl("get", "service", "my-httpbin", "-o", "jsonpath={.spec.externalName}")
    assert spec == "example.org"
    assert "No run" in machine.run("status").stdout


def test_an_empty_namespace_is_used_and_stays(machine: Machine, sandbox: dict[str, str]) -> None:
    machine.kubectl("create", "namespace", "without-istio")
    machine.kubectl("wait", "--for=create", "serviceaccount/default", "-n", "without-istio", "--timeout=10s")
    before = machine.objects()
    done = machine.run("run", "externalname", "--auto", "--until", "create-service")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "already done" in done.stdout
    machine.wait_for_objects(before)


def test_a_namespace_with_something_in_it_is_not_touched(machine: Machine, sandbox: dict[str, str]) -> None:
    machine.kubectl("create", "namespace", "without-istio")
    machine.kubectl("create", "configmap", "theirs", "-n", "without-istio")
    machine.kubectl("wait", "--for=create", "serviceaccount/default", "-n", "without-istio", "--timeout=10s")
    before = machine.objects()
    done = machine.run("run", "externalname", "--auto")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "namespace/without-istio is" in done.stderr
    assert "old, made by kubectl-create, and holds configmap/theirs." in done.stderr
    machine.wait_for_objects(before)


def test_an_object_that_was_replaced_during_the_run_is_left_and_reported(
    machine: Machine, sandbox: dict[str, str]
) -> None:
    kept = machine.run("run", "externalname", "--auto", "--until", "create-service", "--keep")
    assert kept.returncode == 0
    machine.kubectl("delete", "service", "my-httpbin")
    machine.kubectl("create", "service", "externalname", "my-httpbin", "--external-name", "example.org")
    theirs = machine.objects()["service/my-httpbin@default"]
    done = machine.run("rollback")
    assert "service/my-httpbin" in done.stdout + done.stderr
    assert machine.objects() == {**sandbox, "service/my-httpbin@default": theirs}
