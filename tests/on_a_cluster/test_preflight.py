"""What is found out about a cluster before a run, and that the run adapts to it: by the real program
against a real API server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from end_to_end.machine import PROGRAM, wait_until
from end_to_end.terminal import Terminal
from on_a_cluster.cluster import KUBECONFIG, Cluster, Namespaces
from on_a_cluster.faults import Answer, Rule
from on_a_cluster.proxy import FaultProxy
from on_a_cluster.user import User

pytestmark = pytest.mark.sandbox

needs_sandbox = pytest.mark.skipif(bool(KUBECONFIG), reason="changes what the whole cluster is")
PROBES = ("get", "pods", "-l", "app.kubernetes.io/component=probe", "-o", "name")


@pytest.fixture
def namespaces(cluster: Cluster) -> Iterator[Namespaces]:
    """The first is labelled for injection."""
    namespaces = cluster.make_namespaces("istio-injection=enabled")
    yield namespaces
    cluster.remove_namespaces(namespaces)


def examine(user: User, *options: str, code: int = 0) -> dict[str, list[dict[str, Any]]]:
    """What `doctor` finds, by the findings' names."""
    done = user.machine.run("doctor", "-o", "json", *user.arguments, *user.namespaces.settings, *options)
    assert done.returncode == code, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ready"] is (code == 0)
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in report["findings"]:
        found.setdefault(finding["name"], []).append(finding)
    return found


def test_a_cluster_that_can_run_the_tutorials_is_ready_and_stays_as_it_was(user: User) -> None:
    found = examine(user)
    states = {name: [each["state"] for each in findings] for name, findings in found.items()}
    assert states["injection"] == ["pass", "pass"]
    assert states["permissions"] == states["kinds"] == states["objects"] == ["pass"]
    assert states["egress"] == ["unknown"]
    assert "Kubernetes 1." in found["server"][0]["why"]
    user.assert_as_before()


def test_a_namespace_without_injection_is_refused_before_the_first_step(user: User, cluster: Cluster) -> None:
    cluster.kubectl("label", "namespace", user.namespaces.first, "istio-injection-")
    done = user.run("externalname")
    said = done.stdout + done.stderr
    assert done.returncode == 4, said
    assert "One thing stands in the way of externalname" in said
    assert f"label namespace {user.namespaces.first} istio-injection=enabled" in said
    assert "step 1" not in said
    assert user.runs() == []
    cluster.kubectl("label", "namespace", user.namespaces.first, "istio-injection=enabled")
    user.assert_as_before()


def test_rights_that_are_missing_are_told_before_the_first_step(
    user: User, cluster: Cluster, tmp_path: Path
) -> None:
    arguments = ("--kubeconfig", str(_limited_kubeconfig(user, cluster, tmp_path)))
    limited = User(user.machine, cluster, user.namespaces, arguments, user.before)
    permissions = examine(limited, "endpoints", code=4)["permissions"][0]
    assert permissions["state"] == "fail"
    assert (
        f"delete endpoints in {user.namespaces.first} (create-endpoints, delete-endpoints)"
        in permissions["why"]
    )
    assert "services" not in permissions["why"].partition(f"in {user.namespaces.first}")[0]
    done = limited.run("endpoints")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "not allowed" in done.stdout + done.stderr
    assert limited.runs() == []


def _limited_kubeconfig(user: User, cluster: Cluster, folder: Path) -> Path:
    """For an account that may do with services what it likes, in the first namespace only."""
    first = user.namespaces.first
    cluster.kubectl("create", "serviceaccount", "limited", "-n", first)
    verbs = "--verb=get,list,watch,create,delete"
    cluster.kubectl("create", "role", "limited", "-n", first, verbs, "--resource=services")
    account = f"--serviceaccount={first}:limited"
    cluster.kubectl("create", "rolebinding", "limited", "-n", first, "--role=limited", account)
    token = cluster.kubectl("create", "token", "limited", "-n", first).strip()
    file = folder / "limited"
    file.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "c", "cluster": dict(cluster.access.cluster)}],
                "users": [{"name": "u", "user": {"token": token}}],
                "contexts": [{"name": "limited", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "limited",
            }
        )
    )
    return file


def test_what_is_in_the_way_is_told(user: User, cluster: Cluster) -> None:
    first = user.namespaces.first
    cluster.kubectl("create", "service", "externalname", "my-httpbin", "--external-name=a.b", "-n", first)
    objects = examine(user, "externalname", code=4)["objects"][0]
    assert (objects["state"], f"service/my-httpbin@{first}" in objects["why"]) == ("fail", True)


def test_the_probe_asks_from_the_cluster_and_leaves_nothing(user: User, cluster: Cluster) -> None:
    found = examine(user, "externalname", "--probe", "--yes")
    assert [each["state"] for each in found["egress"]] == ["pass"]
    assert _no_probe_is_left(user, cluster)
    silent = ("--set", "HTTPBIN_HOST=no-such-host.invalid")
    egress = examine(user, "externalname", "--probe", "--yes", *silent, code=4)["egress"][0]
    assert (egress["state"], "no-such-host.invalid does not answer" in egress["why"]) == ("fail", True)
    assert _no_probe_is_left(user, cluster)
    user.assert_as_before()


@needs_sandbox
def test_a_probe_that_is_ended_is_deleted(user: User, cluster: Cluster) -> None:
    """The probe waits for an address that never answers."""
    silent = ("--set", "HTTPBIN_HOST=192.0.2.1")
    process = user.machine.start(
        "doctor", "externalname", "--probe", "--yes", *user.arguments, *user.namespaces.settings, *silent
    )
    with process:
        assert wait_until(lambda: not _no_probe_is_left(user, cluster), 30)
        process.terminate()
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 143, said
    assert wait_until(lambda: _no_probe_is_left(user, cluster), 30)


def _no_probe_is_left(user: User, cluster: Cluster) -> bool:
    return cluster.kubectl(*PROBES, "-n", user.namespaces.first) == ""


def test_a_probe_asks_first_and_where_nobody_can_be_asked_it_is_refused(user: User, cluster: Cluster) -> None:
    arguments = ("doctor", "externalname", "--probe", *user.arguments, *user.namespaces.settings)
    refused = user.machine.run(*arguments)
    assert (refused.returncode, "Add --yes" in refused.stderr) == (2, True)
    terminal = Terminal([PROGRAM, *arguments], user.machine.environment, user.machine.home)
    try:
        terminal.wait_for("Make it?")
        assert "curl -fsS" in terminal.seen()
        assert "Should this program be killed meanwhile" in terminal.seen()
        terminal.press("n")
        terminal.wait_for("Ready:")
        assert "was not agreed to" in terminal.seen()
    finally:
        terminal.close()
    assert _no_probe_is_left(user, cluster)


def test_what_is_silent_is_told_as_soon_as_a_pod_is_up(user: User) -> None:
    silent = ("--set", "HTTPBIN_HOST=no-such-host.invalid", "--until", "source-pod-without-istio")
    done = user.run("externalname", *silent)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "no-such-host.invalid does not answer from the cluster (curl: (6)" in said
    user.assert_as_before()


@needs_sandbox
def test_a_strict_mesh_is_refused_unless_it_knows_the_host(user: User, cluster: Cluster) -> None:
    policy = "mesh=outboundTrafficPolicy: {mode: REGISTRY_ONLY}"
    cluster.kubectl("create", "configmap", "istio", "-n", "istio-system", f"--from-literal={policy}")
    try:
        assert examine(user, "externalname", code=4)["outbound"][0]["state"] == "fail"
        cluster.kubectl("apply", "-n", user.namespaces.first, "-f", "-", given=_SERVICE_ENTRY)
        assert examine(user, "externalname")["outbound"][0]["state"] == "pass"
    finally:
        cluster.kubectl("delete", "configmap", "istio", "-n", "istio-system")


_SERVICE_ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: httpbin}
spec: {hosts: [httpbin.org], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS}
"""


@needs_sandbox
def test_a_run_adapts_to_an_older_istio_in_ambient_mode(
    proxied: User, proxy: FaultProxy, cluster: Cluster
) -> None:
    """The namespace is labelled for ambient mode, so that the pod gets no sidecar and no header is
    added; the API says that it serves Istio's kinds as before 1.22."""
    first = proxied.namespaces.first
    cluster.kubectl("label", "namespace", first, "istio-injection-", "istio.io/dataplane-mode=ambient")
    group = {"kind": "APIGroup", "versions": [{"version": "v1beta1"}, {"version": "v1alpha3"}]}
    old = Answer(200, json.dumps(group).encode())
    proxy.add(Rule(old, "GET", "/apis/networking.istio.io$"))
    done = proxied.run("externalname", "--until", "access-with-sidecar")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "apiVersion: networking.istio.io/v1beta1" in said
    assert "READY says 1/1" in said
    assert "Reach httpbin.org from the pod in the mesh" in said
    assert "X-Envoy-Peer-Metadata would be a sidecar's" in said


def test_a_server_that_is_away_is_a_finding(proxied: User, proxy: FaultProxy) -> None:
    proxy.go_away()
    server = examine(proxied, code=4)["server"][0]
    assert (server["state"], "cannot be reached" in server["why"]) == ("fail", True)
