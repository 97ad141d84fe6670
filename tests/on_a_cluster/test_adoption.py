"""`--adopt` on a cluster: what is there already comes back exactly, however the run ends."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from on_a_cluster.lesson import write_lesson
from on_a_cluster.user import User

pytestmark = pytest.mark.sandbox

SERVICE = """\
title: A service
command: |
  kubectl apply -f - <<EOF
  kind: Service
  apiVersion: v1
  metadata: {name: web}
  spec: {ports: [{port: 443, name: tls}]}
  EOF
expect: {stdout: {contains: service/web created}}
creates: ["service/web@${NAMESPACE}"]
"""
ENDPOINTS = """\
title: Its endpoints
command: |
  kubectl apply -f - <<EOF
  kind: Endpoints
  apiVersion: v1
  metadata: {name: web}
  subsets: [{addresses: [{ip: 198.51.100.7}], ports: [{port: 443, name: tls}]}]
  EOF
expect: {stdout: {contains: endpoints/web created}}
creates: ["endpoints/web@${NAMESPACE}"]
needs: [step-1]
"""
RULE = """\
title: A rule
command: |
  kubectl apply -f - <<EOF
  kind: DestinationRule
  apiVersion: networking.istio.io/v1
  metadata: {name: web}
  spec: {host: web}
  EOF
expect: {stdout: {contains: destinationrule.networking.istio.io/web created}}
creates: ["destinationrule/web@${NAMESPACE}"]
"""
DELETE = """\
title: Delete the service
command: kubectl delete service web
deletes: ["service/web@${NAMESPACE}"]
needs: [step-1]
"""
THEIRS = """\
kind: Service
apiVersion: v1
metadata:
  name: web
  labels: {team: theirs}
  annotations: {note: keep me}
  ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: theirs, uid: UID}]
spec: {ports: [{port: 8080, name: http}]}
---
kind: Endpoints
apiVersion: v1
metadata: {name: web, labels: {team: theirs}}
subsets: [{addresses: [{ip: 192.0.2.9}], ports: [{port: 8080, name: http}]}]
---
kind: DestinationRule
apiVersion: networking.istio.io/v1
metadata: {name: web}
spec: {host: web, trafficPolicy: {tls: {mode: SIMPLE}}}
"""
KINDS = "service,endpoints,destinationrule"
RECORDS = (3, 8)
"""Records in the journal at which a run is killed: from the first announcement on."""


@pytest.fixture
def theirs(user: User) -> dict[str, Any]:
    """What is there before the run, without what the server sets."""
    uid = user.cluster.kubectl("get", "configmap", "theirs", "-o", "jsonpath={.metadata.uid}", *place(user))
    user.cluster.kubectl("apply", "-f", "-", *place(user), given=THEIRS.replace("UID", uid))
    return content(user)


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    return write_lesson(tmp_path / "adopting", SERVICE, ENDPOINTS, RULE, DELETE)


def place(user: User) -> tuple[str, str]:
    return ("-n", user.namespaces.first)


def content(user: User) -> dict[str, Any]:
    """The three objects, without what the server sets; the service's addresses are compared, too."""
    found = json.loads(
        user.cluster.kubectl("get", KINDS, "-o", "json", "--show-managed-fields", *place(user))
    )["items"]
    return {f"{item['kind']}/{item['metadata']['name']}": without_server_fields(item) for item in found}


def without_server_fields(item: dict[str, Any]) -> dict[str, Any]:
    server_owned = {"uid", "resourceVersion", "creationTimestamp", "generation"}
    metadata = {name: value for name, value in item["metadata"].items() if name not in server_owned}
    return {**{name: value for name, value in item.items() if name != "status"}, "metadata": metadata}


def test_what_is_there_is_told_replaced_and_put_back(
    user: User, theirs: dict[str, Any], lesson: Path
) -> None:
    refused = user.run(lesson)
    assert refused.returncode == 4
    assert "--adopt" in refused.stderr
    assert content(user) == theirs
    done = user.run(lesson, "--adopt")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.index("put back at the end: service/web@") < done.stdout.index("step 1 of 4")
    assert content(user) == theirs
    assert user.runs() == []


def test_killed_at_any_record_everything_comes_back(user: User, theirs: dict[str, Any], lesson: Path) -> None:
    for count in RECORDS:
        kill_at_record(user, lesson, count)
        done = user.roll_back()
        assert done.returncode == 0, done.stdout + done.stderr
        assert content(user) == theirs, count
    kill_at_record(user, lesson, 6)
    done = user.machine.run("resume", "--auto")
    assert done.returncode == 0, done.stdout + done.stderr
    assert content(user) == theirs
    assert user.runs() == []


def kill_at_record(user: User, lesson: Path, count: int) -> None:
    before = set(user.machine.runs.glob("*/journal.jsonl"))
    with user.start(lesson, "--adopt") as process:
        while process.poll() is None:
            new = set(user.machine.runs.glob("*/journal.jsonl")) - before
            if any(journal.read_bytes().count(b"\n") >= count for journal in new):
                process.kill()
                break
        process.communicate(timeout=60)


def test_what_somebody_else_put_there_stays_and_a_file_brings_back_the_other(
    user: User, theirs: dict[str, Any], lesson: Path
) -> None:
    assert user.run(lesson, "--adopt", "--until", "step-1", "--keep").returncode == 0
    user.cluster.kubectl("delete", "service", "web", *place(user))
    user.cluster.kubectl("create", "service", "clusterip", "web", "--tcp=1:1", *place(user))
    assert user.runs()[0]["set_aside"] == [
        f"{kind}/web@{place(user)[1]}" for kind in ("endpoints", "service")
    ]
    done = user.roll_back()
    assert done.returncode == 5, done.stdout + done.stderr
    words = shlex.split(next(line for line in done.stdout.splitlines() if "kubectl create -f" in line))
    assert content(user)["Service/web"]["spec"]["ports"][0]["port"] == 1
    saved = Path(words[words.index("-f") + 1])
    assert saved.stat().st_mode & 0o777 == 0o600
    user.cluster.kubectl("delete", "service", "web", *place(user))
    user.cluster.kubectl(*words[1:])
    done = user.roll_back()
    assert done.returncode == 0, done.stdout + done.stderr
    assert unapplied(content(user)) == unapplied(theirs)
    assert user.runs() == []


def unapplied(found: dict[str, Any]) -> dict[str, Any]:
    """Without what kubectl writes anew when a person creates an object that has it: an annotation, and
    who has set what."""
    for item in found.values():
        item["metadata"].pop("managedFields")
        item["metadata"].get("annotations", {}).pop("kubectl.kubernetes.io/last-applied-configuration", "")
    return found


def test_a_run_that_is_forgotten_saves_what_was_there_and_touches_nothing(
    user: User, theirs: dict[str, Any], lesson: Path
) -> None:
    assert user.run(lesson, "--adopt", "--until", "step-1", "--keep").returncode == 0
    during = content(user)
    run_id = user.runs()[0]["run_id"]
    done = user.roll_back("--forget", run_id, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert content(user) == during
    assert user.runs() == []
    commands = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("kubectl ")]
    assert f"kubectl delete service web -n {place(user)[1]} --context " in commands[0]
    assert len(commands) == 3
    for command in commands:
        user.cluster.shell(command)
    assert unapplied(content(user)) == unapplied(theirs)


def test_a_cluster_ip_that_was_given_away_is_told(user: User, theirs: dict[str, Any], lesson: Path) -> None:
    """Between the run and its rollback another service asks for the address."""
    address = theirs["Service/web"]["spec"]["clusterIP"]
    assert user.run(lesson, "--adopt", "--until", "step-1", "--keep").returncode == 0
    other = ("create", "service", "clusterip", "other", "--tcp=1:1", f"--clusterip={address}", *place(user))
    user.cluster.kubectl(*other)
    done = user.roll_back()
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"its own, {address}, has been given to another service" in done.stdout
    assert content(user)["Service/web"]["metadata"] == theirs["Service/web"]["metadata"]
