"""The bundled lessons: complete, without faults, and word for word the documented commands."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tutorial.engine.plan import Plan, make_plan
from tutorial.engine.settings import adapted_settings
from tutorial.errors import UsageError
from tutorial.expect.check import check
from tutorial.expect.verdict import Verdict
from tutorial.steps.catalog import bundled_tutorials, find_tutorial
from tutorial.steps.lint import lint_tutorial
from tutorial.steps.loader import load_tutorial
from tutorial.steps.substitute import fill
from tutorial.ui.markdown import blocks

WIKIPEDIA = (
    "--resolve en.wikipedia.org:443:"
    """"$(kubectl get service my-wikipedia -o jsonpath='{.spec.clusterIP}')" """
    "https://en.wikipedia.org/wiki/Main_Page"
)
HTTPBIN = "curl -sS my-httpbin.default.svc.cluster.local/headers"
BEFORE_YOU_BEGIN = {
    "deploy-sleep": "kubectl apply -f samples/sleep/sleep.yaml",
    "source-pod": "export SOURCE_POD=$(kubectl get pod -l app=sleep -o jsonpath={.items..metadata.name})",
    "create-namespace": "kubectl create namespace without-istio",
    "deploy-sleep-without-istio": "kubectl apply -f samples/sleep/sleep.yaml -n without-istio",
    "source-pod-without-istio": (
        'export SOURCE_POD_WITHOUT_ISTIO="$(kubectl get pod -n without-istio -l app=sleep '
        '-o jsonpath={.items..metadata.name})"'
    ),
    "verify-no-sidecar": 'kubectl get pod "$SOURCE_POD_WITHOUT_ISTIO" -n without-istio',
}
EXTERNAL_NAME = {
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
}
ENDPOINTS = {
    "create-wikipedia-service": """\
kubectl apply -f - <<EOF
kind: Service
apiVersion: v1
metadata:
  name: my-wikipedia
spec:
  ports:
  - protocol: TCP
    port: 443
    name: tls
EOF""",
    "create-endpoints": """\
kubectl apply -f - <<EOF
kind: Endpoints
apiVersion: v1
metadata:
  name: my-wikipedia
subsets:
  - addresses:
      - ip: 198.35.26.96
      - ip: 208.80.153.224
    ports:
      - port: 443
        name: tls
EOF""",
    "observe-wikipedia-service": "kubectl get svc my-wikipedia",
    "wikipedia-without-sidecar": (
        f'kubectl exec "$SOURCE_POD_WITHOUT_ISTIO" -n without-istio -c sleep -- curl -sS {WIKIPEDIA}'
        ' | grep -o "<title>.*</title>"'
    ),
    "create-wikipedia-rule": """\
kubectl apply -f - <<EOF
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: my-wikipedia
spec:
  host: my-wikipedia.default.svc.cluster.local
  trafficPolicy:
    tls:
      mode: DISABLE
EOF""",
    "wikipedia-with-sidecar": (
        f'kubectl exec "$SOURCE_POD" -c sleep -- curl -sS {WIKIPEDIA} | grep -o "<title>.*</title>"'
    ),
    "verify-cluster-ip": (f'kubectl exec "$SOURCE_POD" -c sleep -- curl -sS -v {WIKIPEDIA} -o /dev/null'),
    "delete-wikipedia-rule": "kubectl delete destinationrule my-wikipedia",
    "delete-endpoints": "kubectl delete endpoints my-wikipedia",
    "delete-wikipedia-service": "kubectl delete service my-wikipedia",
}
CLEANUP = {
    "delete-sleep": "kubectl delete -f samples/sleep/sleep.yaml",
    "delete-sleep-without-istio": "kubectl delete -f samples/sleep/sleep.yaml -n without-istio",
    "delete-namespace": "kubectl delete namespace without-istio",
    "unset-variables": "unset SOURCE_POD SOURCE_POD_WITHOUT_ISTIO",
}

DOCUMENTED = {
    "externalname": {**BEFORE_YOU_BEGIN, **EXTERNAL_NAME, **CLEANUP},
    "endpoints": {**BEFORE_YOU_BEGIN, **ENDPOINTS, **CLEANUP},
    "all": {**BEFORE_YOU_BEGIN, **EXTERNAL_NAME, **ENDPOINTS, **CLEANUP},
}


NEWEST = {
    "backend": "sandbox",
    "istio": "1.31.0",
    "istio_api": "v1",
    "kubernetes": "1.36",
    "mesh": "sidecar",
}
OLD_CLUSTER = {"backend": "cluster", "istio": "1.20.3", "istio_api": "v1beta1", "kubernetes": "1.29"}
TODAY = "203.0.113.7"


def planned(name: str, facts: dict[str, str] = NEWEST, **given: str) -> Plan:
    """The plan of a run with these settings where these facts hold; every name has the address TODAY."""
    tutorial = load_tutorial(find_tutorial(name))
    settings = adapted_settings(tutorial, given, facts, lambda _: TODAY)
    return make_plan(tutorial, settings=settings, facts=facts)


def shown(name: str, facts: dict[str, str] = NEWEST, **settings: str) -> dict[str, str]:
    """The commands of that run, as the screen shows them."""
    plan = planned(name, facts, **settings)
    return {each.step.id: plan.fill(each.step.command).rstrip("\n") for each in plan.steps}


def verdict(plan: Plan, step_id: str, stdout: str = "", stderr: str = "", *, until: bool = False) -> Verdict:
    """What the step, or its `until`, says of this output."""
    step = next(each.step for each in plan.steps if each.step.id == step_id)
    assert step.until is not None or not until
    return check(
        step.until.expect if until and step.until else step.expect,
        exit_code=0,
        stdout=stdout,
        stderr=stderr,
        before={},
        after={},
        variables=plan.variables,
        facts=plan.facts,
    )


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_tutorial_is_the_documented_commands_in_order(name: str) -> None:
    assert list(shown(name).items()) == list(DOCUMENTED[name].items())


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_curl_sample_changes_names_only(name: str) -> None:
    documented = {step: command.replace("sleep", "curl") for step, command in DOCUMENTED[name].items()}
    assert shown(name, SAMPLE="curl") == documented


def test_both_samples_differ_in_their_names_only() -> None:
    samples = find_tutorial("externalname").parent / "samples"
    sleep = (samples / "sleep" / "sleep.yaml").read_text()
    assert (samples / "curl" / "curl.yaml").read_text() == sleep.replace("sleep", "curl").replace(
        "/bin/curl", "/bin/sleep"
    )


def test_injection_by_hand_is_the_documents_other_way() -> None:
    by_hand = shown("externalname", INJECTION="manual")
    assert "deploy-sleep" not in by_hand
    assert by_hand["deploy-sleep-by-hand"] == (
        "kubectl apply -f <(istioctl kube-inject -f samples/sleep/sleep.yaml)"
    )
    assert list(by_hand)[1:] == list(DOCUMENTED["externalname"])[1:]


def test_the_slice_replaces_the_endpoints() -> None:
    steps = shown("endpoints", ENDPOINTS="slice")
    assert {"create-endpoints", "delete-endpoints"}.isdisjoint(steps)
    assert "kind: EndpointSlice" in steps["create-endpoint-slice"]
    assert len(steps) == len(DOCUMENTED["endpoints"])


@pytest.mark.parametrize(
    ("setting", "choices"),
    [({"INJECTION": "manually"}, "INJECTION=manual"), ({"ENDPOINTS": "slices"}, "ENDPOINTS=slice")],
)
def test_a_setting_without_steps_is_refused_with_the_choices(setting: dict[str, str], choices: str) -> None:
    with pytest.raises(UsageError) as refused:
        shown("endpoints", **setting)
    assert choices in refused.value.do


@pytest.mark.parametrize(
    "line",
    [
        "* Connected to en.wikipedia.org (10.96.4.7) port 443 (#0)",
        "* Connected to en.wikipedia.org (10.96.4.7) port 443",
        "* Established connection to en.wikipedia.org (10.96.4.7 port 443) from 10.244.0.2 port 40000 ",
    ],
)
@pytest.mark.parametrize(("address", "passes"), [("10.96.4.7", True), ("10.96.4.8", False)])
def test_old_and_new_curl_prove_the_cluster_ip(line: str, address: str, passes: bool) -> None:
    steps = {step.id: step for step in load_tutorial(find_tutorial("endpoints")).steps}
    variables = {"WIKIPEDIA_CLUSTER_IP": address}
    verdict = check(
        steps["verify-cluster-ip"].expect,
        exit_code=0,
        stdout="",
        stderr=f"*   Trying 10.96.4.7:443...\n{line}\n* ALPN: offers h2\n",
        before=variables,
        after=variables,
        variables={},
        facts={},
    )
    assert verdict.passed is passes


@pytest.mark.parametrize("name", DOCUMENTED)
def test_below_istio_1_22_the_rules_are_v1beta1_and_nothing_else_differs(name: str) -> None:
    facts = {**OLD_CLUSTER, "backend": "sandbox", "mesh": "sidecar"}
    documented = {
        step: command.replace("networking.istio.io/v1", "networking.istio.io/v1beta1")
        for step, command in DOCUMENTED[name].items()
    }
    assert shown(name, facts) == documented


HEADERS = {"Host": "my-httpbin.default.svc.cluster.local"}
ADDED = {
    "X-Envoy-Peer-Metadata": "ChoK",
    "X-Envoy-Peer-Metadata-Id": "sidecar~10.1.2.3~sleep-1-2.default~default.svc.cluster.local",
}


@pytest.mark.parametrize(
    ("mesh", "headers", "passes"),
    [
        ("sidecar", HEADERS | ADDED, True),
        ("sidecar", HEADERS, False),
        ("ambient", HEADERS, True),
        ("ambient", {"Host": "httpbin.org"}, False),
    ],
)
@pytest.mark.parametrize("of_lists", [False, True], ids=["httpbin", "go-httpbin"])
def test_only_a_sidecar_must_add_headers_and_any_httpbin_shows_them(
    mesh: str, headers: dict[str, str], passes: bool, of_lists: bool
) -> None:
    plan = planned("externalname", {**NEWEST, "mesh": mesh})
    answer = {name: [value] if of_lists else value for name, value in headers.items()}
    assert verdict(plan, "access-with-sidecar", json.dumps({"headers": answer})).passed is passes


@pytest.mark.parametrize(("mesh", "ready"), [("sidecar", "2/2"), ("ambient", "1/1")])
def test_a_pod_in_ambient_mode_has_one_container(mesh: str, ready: str) -> None:
    plan = planned("externalname", {**NEWEST, "mesh": mesh})
    for shown_ready in ("1/1", "2/2"):
        table = f"NAME    READY  STATUS  RESTARTS  AGE\nsleep-1-2  {shown_ready}  Running  0  3s\n"
        assert verdict(plan, "source-pod", table, until=True).passed is (shown_ready == ready)
    step = next(each.step for each in plan.steps if each.step.id == "source-pod")
    assert f"READY says {ready}" in step.after
    titles = " ".join(plan.fill(each.step.title) for each in plan.steps)
    assert ("in the mesh" in titles) is (mesh == "ambient")


@pytest.mark.parametrize(("kubernetes", "warned"), [("1.32", False), ("1.33", True)])
def test_the_warning_about_endpoints_is_expected_where_kubernetes_gives_it(
    kubernetes: str, warned: bool
) -> None:
    plan = planned("endpoints", {**NEWEST, "kubernetes": kubernetes})
    created = "endpoints/my-wikipedia created\n"
    warning = "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n"
    assert verdict(plan, "create-endpoints", created, warning).passed
    assert verdict(plan, "create-endpoints", created).passed is not warned
    step = next(each.step for each in plan.steps if each.step.id == "create-endpoints")
    assert ("warning" in step.explain + step.after) is warned


@pytest.mark.parametrize(
    ("backend", "given", "addresses"),
    [
        ("sandbox", {}, ("198.35.26.96", "208.80.153.224")),
        ("cluster", {}, (TODAY, "208.80.153.224")),
        ("cluster", {"WIKIPEDIA_1": "208.80.153.224"}, ("208.80.153.224", "208.80.154.224")),
    ],
)
def test_a_cluster_gets_wikipedias_address_of_today(
    backend: str, given: dict[str, str], addresses: tuple[str, str]
) -> None:
    command = shown("endpoints", {**NEWEST, "backend": backend}, **given)["create-endpoints"]
    assert re.findall(r"ip: (\S+)", command) == list(addresses)


@pytest.mark.parametrize("name", ["externalname", "names", "all"])
def test_a_mirror_of_httpbin_takes_its_place_everywhere(name: str) -> None:
    plan = planned(name, HTTPBIN_HOST="httpbin.example.com")
    for planned_step in plan.steps:
        said = asdict(replace(planned_step.step, sample="", notes=()))
        assert "httpbin.org" not in plan.fill(json.dumps(said, default=str)), planned_step.step.id


@pytest.mark.parametrize("path", bundled_tutorials(), ids=lambda path: path.name)
def test_every_bundled_tutorial_is_without_faults(path: Path) -> None:
    assert lint_tutorial(path) == []


def test_the_list_begins_with_the_documents_first_part() -> None:
    assert [path.name for path in bundled_tutorials()] == ["externalname", "endpoints", "names", "all"]


@pytest.mark.parametrize(
    ("name", "control"),
    [("externalname", "access-without-sidecar"), ("endpoints", "wikipedia-without-sidecar")],
)
def test_every_step_that_reaches_outside_names_its_control_step(name: str, control: str) -> None:
    steps = load_tutorial(find_tutorial(name)).steps
    reaching = [step for step in steps if "curl -sS" in step.command and step.id != control]
    assert reaching
    assert {step.control for step in reaching} == {control}


@pytest.mark.parametrize("path", bundled_tutorials(), ids=lambda path: path.name)
def test_a_drawn_path_is_drawn_as_it_stands_and_fits_the_screen(path: Path) -> None:
    tutorial = load_tutorial(path)
    for step in tutorial.steps:
        texts = [step.explain, step.why, step.after]
        texts += [text.text for choices in step.alternatives.values() for text in choices]
        for block in (block for text in texts for block in blocks(fill(text, tutorial.variables))):
            if block.kind == "code":
                assert max(map(len, block.text.splitlines())) <= 78, block.text
            else:
                assert not re.search(r"==>|-->|##>", block.text), step.id
