"""A class on a cluster: attendees run at once with nothing but their files, and what they ask is what they
may do.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from end_to_end.machine import KUBECTL, Machine
from on_a_cluster.cluster import PREFIX, Cluster
from on_a_cluster.proxy import Request, proxying

from tutorial.backends.kubeconfig import load_kubeconfig
from tutorial.classroom.permissions import rules
from tutorial.sandbox.api.access.attributes import Attributes, request_attributes
from tutorial.sandbox.api.access.rbac import allows
from tutorial.steps.loader import find_tutorial, load_tutorial

pytestmark = pytest.mark.sandbox

PATIENCE_SECONDS = 120
SEEN_ELSEWHERE = {"patch", "watch"}
"""`kubectl apply` patches what is there already, and `kubectl delete` watches what does not go at once:
neither happens in a run that goes well."""


@dataclass(frozen=True)
class Class:
    prefix: str
    folder: Path

    def file(self, number: int) -> Path:
        return self.folder / f"{self.prefix}-0{number}.kubeconfig"


@pytest.fixture
def three(cluster: Cluster, machine: Machine, tmp_path: Path) -> Iterator[Class]:
    """A class of three attendees; nothing of it is left at the end."""
    made = Class(f"{PREFIX}{secrets.token_hex(3)}", tmp_path / "files")
    options = ("--prefix", made.prefix, *cluster.arguments, "--output", str(made.folder))
    done = machine.run("class", "up", "--attendees", "3", "--yes", *options)
    assert done.returncode == 0, done.stderr
    yield made
    done = machine.run("class", "down", "--yes", *options)
    assert done.returncode == 0, done.stderr
    assert "6 namespaces and 3 files" in done.stderr
    left = cluster.kubectl("get", "namespaces", "-o", "name", "-l", f"egress-tutorial/class={made.prefix}")
    assert (left, made.folder.exists()) == ("", False)


def test_attendees_run_at_once_and_ask_for_what_they_may_do(
    cluster: Cluster, machine: Machine, three: Class, tmp_path: Path
) -> None:
    runs = [
        machine.start("run", "externalname", "--auto", "--kubeconfig", str(three.file(number)))
        for number in (1, 2)
    ]
    requests = recorded_requests(machine, three, tmp_path)
    for run in runs:
        output, _ = run.communicate(timeout=PATIENCE_SECONDS)
        assert run.returncode == 0, output
        assert "16 passed, 1 skipped" in output
    report = json.loads(machine.run("doctor", "-o", "json", "--kubeconfig", str(three.file(1))).stdout)
    assert report["ready"], report
    findings = {each["name"]: each["state"] for each in report["findings"]}
    assert (findings["permissions"], findings["injection"]) == ("pass", "pass")
    standings = json.loads(machine.run("class", "status", "-o", "json", *cluster.arguments).stdout)
    states = {each["attendee"]: each["state"] for each in standings if each["class"] == three.prefix}
    assert set(states.values()) == {"nothing there"}, states
    assert len(states) == 3

    refused, unused = compare(requests, three.prefix)
    assert refused == set()
    assert unused == set()


def recorded_requests(machine: Machine, three: Class, tmp_path: Path) -> list[Request]:
    """What the third attendee's run asks of the API server: the whole document, what only its other ways
    and steps that fail do, and the way back."""
    access = load_kubeconfig([three.file(3)]).access()
    with proxying(access) as proxy:
        kubeconfig = proxy.write_kubeconfig(tmp_path / "kubeconfig", namespace=access.namespace)
        way = ("--kubeconfig", str(kubeconfig), "--set", f"PLAIN_NAMESPACE={access.namespace}-plain")
        done = machine.run("run", "all", "--auto", "--until", "create-wikipedia-rule", "--keep", *way)
        assert done.returncode == 0, done.stdout + done.stderr
        run_the_rest(kubeconfig, access.namespace, tmp_path)
        done = machine.run("rollback")
        assert done.returncode == 0, done.stdout + done.stderr
        return list(proxy.requests)


def run_the_rest(kubeconfig: Path, namespace: str, folder: Path) -> None:
    """Run the commands for an endpoint slice, and the diagnostics of every step. Those that look at all
    namespaces are left out: they are refused, and may be."""
    tutorial = load_tutorial(find_tutorial("all"))
    variables = {
        **tutorial.variables,
        "NAMESPACE": namespace,
        "PLAIN_NAMESPACE": f"{namespace}-plain",
        "KUBECONFIG": str(kubeconfig),
        "KUBECACHEDIR": str(folder / "cache"),
        "PATH": f"{Path(KUBECTL).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
    }
    commands = {step.id: step.command for step in tutorial.steps}
    diagnostics = dict.fromkeys(each for step in tutorial.steps for each in step.on_fail if " -A" not in each)
    script = [
        "export SOURCE_POD=$(kubectl get pod -l app=sleep -o jsonpath={.items..metadata.name})",
        commands["create-endpoint-slice"],
        commands["delete-endpoint-slice"],
        *diagnostics,
    ]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(script)],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def compare(requests: list[Request], prefix: str) -> tuple[set[str], set[str]]:
    """What kubectl asked and may not do, and what may be done and nobody asked."""
    spaces = {
        name: rules(name, in_mesh="plain" not in name) for name in (f"{prefix}-03", f"{prefix}-03-plain")
    }
    asked: set[tuple[str, str, str]] = set()
    refused: set[str] = set()
    for each in requests:
        wanted = _attributes(each)
        if wanted.path or not wanted.namespace:
            continue
        asked.add((wanted.namespace, wanted.qualified, wanted.verb))
        if wanted.subresource == "exec":
            asked.add((wanted.namespace, wanted.qualified, "create"))
        is_kubectl = each.agent.startswith("kubectl")
        if is_kubectl and not any(allows(rule, wanted) for rule in spaces.get(wanted.namespace, ())):
            refused.add(f"{wanted.verb} {wanted.qualified} in {wanted.namespace}")
    granted = {
        (namespace, resource, verb)
        for namespace, every in spaces.items()
        for rule in every
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    made = {(namespace, resource) for namespace, resource, verb in granted if verb == "delete"}
    elsewhere = {(*each, verb) for each in made for verb in SEEN_ELSEWHERE}
    return refused, {" ".join(each) for each in granted - asked - elsewhere}


def _attributes(request: Request) -> Attributes:
    parts = urlsplit(request.path)
    return request_attributes(request.method, parts.path, dict(parse_qsl(parts.query)))
