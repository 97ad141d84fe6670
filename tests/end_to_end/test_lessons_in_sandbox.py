"""The lessons in a real sandbox: each passes, in each of its ways, and connections are balanced."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from end_to_end.machine import Machine

pytestmark = pytest.mark.sandbox

DOCUMENTED_ADDRESSES = ("198.35.26.96", "208.80.153.224")
REQUESTS = 60
AT_LEAST = 12
"""Fewer than 12 of 60 for one of two equal endpoints: less than one time in 500 000."""

BACKENDS = """
apiVersion: v1
kind: Service
metadata: {name: pair}
spec: {ports: [{name: tcp, port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: NAME, labels: {sidecar.istio.io/inject: "false"}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: web
    image: python
    command: ["/bin/sh", "-c", "cd $(mktemp -d) && echo NAME > index.html && python3 -m http.server 8080"]
"""

MIRROR = """
apiVersion: v1
kind: Service
metadata: {name: httpbin}
spec: {selector: {app: httpbin}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: httpbin, labels: {app: httpbin}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: web
    image: python
    command:
    - python3
    - -c
    - |
      import json
      from http.server import BaseHTTPRequestHandler, HTTPServer
      class Headers(BaseHTTPRequestHandler):
          def do_GET(self):
              headers = {name.title(): self.headers.get_all(name) for name in self.headers}
              body = json.dumps({"headers": headers}).encode()
              self.send_response(200)
              self.send_header("Content-Length", str(len(body)))
              self.end_headers()
              self.wfile.write(body)
      HTTPServer(("", 8080), Headers).serve_forever()
"""
"""httpbin's /headers as go-httpbin answers it: each header's value is a list."""


@pytest.mark.parametrize(
    ("tutorial", "settings", "passed"),
    [
        ("all", (), 27),
        ("endpoints", (), 20),
        ("endpoints", ("ENDPOINTS=slice",), 20),
        ("names", (), 17),
        ("all", ("INJECTION=manual",), 27),
        ("all", ("SAMPLE=curl",), 27),
        ("names", ("SAMPLE=curl", "INJECTION=manual"), 17),
    ],
)
def test_a_tutorial_passes_and_leaves_nothing(
    machine: Machine, tutorial: str, settings: tuple[str, ...], passed: int
) -> None:
    options = [word for setting in settings for word in ("--set", setting)]
    done = machine.run("run", tutorial, "--auto", *options)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert f"{passed} passed" in output
    machine.assert_nothing_left()


def test_the_deprecation_of_endpoints_is_shown(machine: Machine) -> None:
    done = machine.run("run", "endpoints", "--auto", "--until", "create-endpoints")
    assert "Warning: v1 Endpoints is deprecated in v1.33+" in done.stdout + done.stderr
    slices = machine.run(
        "run", "endpoints", "--auto", "--set", "ENDPOINTS=slice", "--until", "create-endpoint-slice"
    )
    assert slices.returncode == 0
    assert "is deprecated" not in slices.stdout + slices.stderr


def test_a_mirror_like_go_httpbin_an_image_of_ones_own_and_older_kinds(machine: Machine) -> None:
    assert machine.run("sandbox", "up").returncode == 0
    machine.kubectl("create", "namespace", "mirror")
    machine.kubectl("apply", "-n", "mirror", "-f", "-", given=MIRROR)
    machine.kubectl("wait", "-n", "mirror", "--for=condition=Ready", "pod/httpbin")
    settings = ("HTTPBIN_HOST=httpbin.mirror.svc.cluster.local", "IMAGE=own/curl:1", "ISTIO_API=v1beta1")
    options = [word for setting in settings for word in ("--set", setting)]
    kept = machine.run("run", "externalname", "--auto", "--keep", "--until", "access-with-sidecar", *options)
    assert kept.returncode == 0, kept.stdout + kept.stderr
    assert '"Host": ["my-httpbin.default.svc.cluster.local"]' in kept.stdout + kept.stderr
    images = machine.kubectl("get", "deployment", "-A", "-o", "jsonpath={..image}")
    assert images.split() == ["own/curl:1", "own/curl:1"]
    applied = machine.kubectl("get", "destinationrule", "my-httpbin", "-o", "jsonpath={..annotations}")
    assert '\\"apiVersion\\":\\"networking.istio.io/v1beta1\\"' in applied
    assert machine.run("rollback").returncode == 0


@pytest.fixture
def pods(machine: Machine) -> Iterator[Machine]:
    """A sandbox that is up, with both source pods, and the tutorial's service of Wikipedia."""
    assert machine.run("sandbox", "up").returncode == 0
    kept = machine.run("run", "endpoints", "--auto", "--until", "observe-wikipedia-service", "--keep")
    assert kept.returncode == 0, kept.stdout + kept.stderr
    yield machine
    assert machine.run("rollback").returncode == 0


PLAIN = ("-n", "without-istio", "deploy/sleep", "-c", "sleep")
WITH_SIDECAR = ("deploy/sleep", "-c", "sleep")


def test_the_proxies_balance_over_both_endpoints(pods: Machine) -> None:
    cluster_ip = _two_backends(pods)
    for source in (PLAIN, WITH_SIDECAR):
        loop = f"for i in $(seq {REQUESTS}); do curl -sS http://{cluster_ip}/; done"
        answers = Counter(pods.kubectl("exec", *source, "--", "sh", "-c", loop).split())
        assert sum(answers.values()) == REQUESTS
        assert set(answers) == {"one", "two"}
        assert min(answers.values()) >= AT_LEAST, answers


def test_both_documented_addresses_serve_wikipedia(pods: Machine) -> None:
    for address in DOCUMENTED_ADDRESSES:
        resolve = f"en.wikipedia.org:443:{address}"
        command = ("curl", "-sS", "--resolve", resolve, "https://en.wikipedia.org/wiki/Main_Page")
        for source in (PLAIN, WITH_SIDECAR):
            page = pods.kubectl("exec", *source, "--", *command)
            assert "<title>Wikipedia, the free encyclopedia</title>" in page


def test_envoy_sends_the_cluster_ips_connections_to_both_addresses(pods: Machine) -> None:
    cluster_ip = pods.kubectl("get", "svc", "my-wikipedia", "-o", "jsonpath={.spec.clusterIP}")
    request = f"curl -sS -o /dev/null --resolve en.wikipedia.org:443:{cluster_ip} https://en.wikipedia.org/"
    pods.kubectl("exec", *WITH_SIDECAR, "--", "sh", "-c", f"for i in $(seq 40); do {request}; done")
    log = pods.kubectl("logs", "deploy/sleep", "-c", "istio-proxy")
    upstream = Counter(re.findall(r"\b(\d+\.\d+\.\d+\.\d+):443\b", log))
    assert all(upstream[address] >= 5 for address in DOCUMENTED_ADDRESSES), log


def test_an_injected_manifest_is_not_injected_again(machine: Machine) -> None:
    assert machine.run("sandbox", "up").returncode == 0
    manifest = Path(__file__).parents[2] / "steps" / "samples" / "sleep" / "sleep.yaml"
    injected = _in_shell(machine, f"istioctl kube-inject -f {manifest}")
    machine.kubectl("apply", "-f", "-", given=injected)
    machine.kubectl("rollout", "status", "deployment/sleep", "--timeout=30s")
    names = machine.kubectl("get", "pod", "-l", "app=sleep", "-o", "jsonpath={..initContainers[*].name}")
    assert names.split() == ["istio-init", "istio-proxy"]
    assert "not Istio's own" in _in_shell(machine, "istioctl version")


def _two_backends(machine: Machine) -> str:
    """Two pods that say their names, as the endpoints of a service; its cluster IP."""
    documents = BACKENDS.split("---\n")
    machine.kubectl("apply", "-f", "-", given=documents[0])
    for name in ("one", "two"):
        machine.kubectl("apply", "-f", "-", given=documents[1].replace("NAME", name))
    machine.kubectl("wait", "--for=condition=Ready", "pod/one", "pod/two")
    addresses = [
        machine.kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}") for name in ("one", "two")
    ]
    machine.kubectl(
        "apply",
        "-f",
        "-",
        given="kind: Endpoints\napiVersion: v1\nmetadata: {name: pair}\nsubsets:\n"
        f"- addresses: [{{ip: {addresses[0]}}}, {{ip: {addresses[1]}}}]\n"
        "  ports: [{name: tcp, port: 8080}]\n",
    )
    cluster_ip = machine.kubectl("get", "svc", "pair", "-o", "jsonpath={.spec.clusterIP}")
    ready = f"for i in $(seq 100); do curl -sS http://{cluster_ip}/ && exit; sleep 0.1; done; exit 1"
    for source in (PLAIN, WITH_SIDECAR):
        machine.kubectl("exec", *source, "--", "sh", "-c", ready)
    return cluster_ip


def _in_shell(machine: Machine, command: str) -> str:
    """The stdout of a command in a shell that has been given `sandbox env`."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        ["bash", "-c", f'eval "$(egress-tutorial sandbox env)" && {command}'],
        env=machine.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout
