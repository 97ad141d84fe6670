"""The bundled lessons: complete, without faults, and word for word the documented commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutorial.steps.catalog import bundled_tutorials, find_tutorial
from tutorial.steps.lint import lint_tutorial
from tutorial.steps.loader import load_tutorial
from tutorial.steps.substitute import fill

HTTPBIN = "curl -sS my-httpbin.default.svc.cluster.local/headers"
DOCUMENTED = {
    "deploy-sleep": "kubectl apply -f samples/sleep/sleep.yaml",
    "source-pod": "export SOURCE_POD=$(kubectl get pod -l app=sleep -o jsonpath={.items..metadata.name})",
    "create-namespace": "kubectl create namespace without-istio",
    "deploy-sleep-without-istio": "kubectl apply -f samples/sleep/sleep.yaml -n without-istio",
    "source-pod-without-istio": (
        'export SOURCE_POD_WITHOUT_ISTIO="$(kubectl get pod -n without-istio -l app=sleep '
        '-o jsonpath={.items..metadata.name})"'
    ),
    "verify-no-sidecar": 'kubectl get pod "$SOURCE_POD_WITHOUT_ISTIO" -n without-istio',
    "create-service": """\
kubectl apply -f - <<EOF
kind: Service
apiVersion: v1
metadata:
  name: my-httpbin
spec:
  type: ExternalName
  externalName: httpbin.org
  ports:
  - name: http
    protocol: TCP
    port: 80
EOF""",
    "observe-service": "kubectl get svc my-httpbin",
    "access-without-sidecar": (
        f'kubectl exec "$SOURCE_POD_WITHOUT_ISTIO" -n without-istio -c sleep -- {HTTPBIN}'
    ),
    "create-destination-rule": """\
kubectl apply -f - <<EOF
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: my-httpbin
spec:
  host: my-httpbin.default.svc.cluster.local
  trafficPolicy:
    tls:
      mode: DISABLE
EOF""",
    "access-with-sidecar": f'kubectl exec "$SOURCE_POD" -c sleep -- {HTTPBIN}',
    "delete-destination-rule": "kubectl delete destinationrule my-httpbin",
    "delete-service": "kubectl delete service my-httpbin",
    "delete-sleep": "kubectl delete -f samples/sleep/sleep.yaml",
    "delete-sleep-without-istio": "kubectl delete -f samples/sleep/sleep.yaml -n without-istio",
    "delete-namespace": "kubectl delete namespace without-istio",
    "unset-variables": "unset SOURCE_POD SOURCE_POD_WITHOUT_ISTIO",
}


def test_the_externalname_tutorial_is_the_documented_commands_in_order() -> None:
    tutorial = load_tutorial(find_tutorial("externalname"))
    shown = {
        step.id: fill(step.command, tutorial.variables).rstrip("\n")
        for step in tutorial.steps
        if not step.aside
    }
    assert list(shown.items()) == list(DOCUMENTED.items())


@pytest.mark.parametrize("path", bundled_tutorials(), ids=lambda path: path.name)
def test_every_bundled_tutorial_is_without_faults(path: Path) -> None:
    assert lint_tutorial(path) == []


def test_every_step_that_reaches_outside_names_its_control_step() -> None:
    steps = load_tutorial(find_tutorial("externalname")).steps
    reaching = [step for step in steps if "curl" in step.command and "SOURCE_POD_WITHOUT" not in step.command]
    assert reaching
    assert {step.control for step in reaching} == {"access-without-sidecar"}
