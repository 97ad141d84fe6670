"""Options of `run`, and the other commands, with the real program."""

from __future__ import annotations

import json
import subprocess
from xml.etree import ElementTree

import pytest
from end_to_end.machine import Machine, wait_until

pytestmark = pytest.mark.sandbox


def test_from_does_what_is_needed_unseen_and_until_ends_there(machine: Machine) -> None:
    done = machine.run(
        "run", "externalname", "--auto", "--from", "observe-service", "--until", "observe-service"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Look at the service\n" in done.stdout
    assert done.stdout.count("Command:") == 1
    machine.assert_nothing_left()


def test_settings_change_the_commands_and_the_objects(machine: Machine, sandbox: dict[str, str]) -> None:
    done = machine.run(
        *("run", "externalname", "--auto", "--until", "verify-no-sidecar", "--keep"),
        *("--set", "PLAIN_NAMESPACE=apart"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kubectl create namespace apart" in done.stdout
    assert "${" not in done.stdout
    assert "namespace/apart" in machine.objects()
    assert machine.run("rollback").returncode == 0
    machine.wait_for_objects(sandbox)


def test_asides_are_run_when_asked_for(machine: Machine) -> None:
    arguments = ("run", "externalname", "--auto", "--from", "access-before-rule", "--asides")
    done = machine.run(*arguments, "--until", "access-before-rule")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[sandbox] aside" in done.stdout
    assert "X-Envoy-Peer-Metadata" in done.stdout
    assert "aside" not in machine.run("run", "externalname", "--auto").stdout


def test_events_and_the_report_agree(machine: Machine) -> None:
    report = machine.folder / "report.xml"
    done = machine.run("run", "externalname", "--auto", "-o", "jsonl", "--junit", str(report))
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert (events[0]["event"], events[-1]["event"]) == ("RunStarted", "RunEnded")
    passed = [each["step"] for each in events if each["event"] == "StepEnded"]
    assert len(passed) == events[-1]["passed"] == len(events[0]["steps"])
    cases = ElementTree.parse(report).getroot().findall(".//testcase")
    assert len(cases) == len(passed)
    assert not ElementTree.parse(report).getroot().findall(".//failure")


def test_plain_output_holds_no_escape_sequence(machine: Machine) -> None:
    done = machine.run("run", "externalname", "--auto", "--plain", "--until", "deploy-sleep")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert "Waited for: kubectl rollout status deployment/sleep" in done.stdout


def test_commands_that_only_tell(machine: Machine) -> None:
    assert "externalname" in machine.run("list").stdout
    assert "create-service" in machine.run("show", "externalname").stdout
    assert "externalName: httpbin.org" in machine.run("show", "externalname", "create-service").stdout
    assert machine.run("version").stdout.startswith("egress-tutorial ")
    assert "No fault" in machine.run("lint", "externalname").stdout
    assert "complete" in machine.run("completion", "bash").stdout
    doctor = machine.run("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "Ready" in doctor.stdout
    assert "run externalname" in machine.run().stdout


def test_a_sandbox_is_kept_reset_and_taken_down(machine: Machine, sandbox: dict[str, str]) -> None:
    assert "up" in machine.run("sandbox", "status").stdout
    machine.kubectl("create", "configmap", "mine")
    assert machine.run("sandbox", "reset").returncode == 0
    assert "configmap/mine@default" not in machine.objects()
    assert machine.run("sandbox", "down").returncode == 0
    machine.assert_nothing_left()
    assert machine.run("sandbox", "env").returncode != 0


@pytest.mark.parametrize("is_up_again", [False, True])
def test_a_sandbox_named_by_its_kubeconfig_is_in_use_and_goes_with_what_was_made_in_it(
    machine: Machine, sandbox: dict[str, str], is_up_again: bool
) -> None:
    folder = machine.folder / "lesson"
    folder.mkdir()
    mark = machine.folder / "mark"
    (folder / "tutorial.yaml").write_text("title: Waits\n")
    (folder / "10-make.yaml").write_text(
        f"title: Make\ncommand: kubectl create configmap one; touch {mark}; sleep 60\n"
        "creates: [configmap/one]\n"
    )
    kubeconfig = str(machine.sandboxes / "default" / "kubeconfig")
    run = machine.start("run", str(folder), "--trust", "--auto", "--kubeconfig", kubeconfig)
    assert wait_until(mark.exists, 30)
    refused = machine.run("sandbox", "down")
    assert refused.returncode == 2
    assert "The sandbox default is in use" in refused.stderr
    assert f"(process {run.pid})" in refused.stderr
    run.kill()
    run.communicate()
    assert machine.run("sandbox", "down").returncode == 0
    if is_up_again:
        assert machine.run("sandbox", "up").returncode == 0
    undone = machine.run("rollback")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert "No run is alive" in machine.run("status").stdout


def test_the_sandboxs_environment_works_in_shells(machine: Machine, sandbox: dict[str, str]) -> None:
    lines = machine.run("sandbox", "env").stdout
    done = subprocess.run(
        ["bash", "-c", f"{lines}\nkubectl get namespace default -o name"],
        env={**machine.environment, "KUBECACHEDIR": str(machine.folder / "kubectl-cache")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "namespace/default\n", done.stderr
    assert "set -gx KUBECONFIG '" in machine.run("sandbox", "env", "--shell", "fish").stdout
    shell = machine.run("sandbox", "shell", SHELL="/usr/bin/env")
    assert f"KUBECONFIG={machine.sandboxes}/default/kubeconfig" in shell.stdout
