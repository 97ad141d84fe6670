"""What the steps of a plan need of a cluster, found out from the steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutorial.engine.plan import Plan, make_plan
from tutorial.engine.settings import adapted_settings
from tutorial.preflight.check import requirements_of_all
from tutorial.preflight.requirements import Requirements
from tutorial.preflight.workloads import workloads_of
from tutorial.steps.catalog import covering_tutorials, find_tutorial
from tutorial.steps.loader import load_tutorial

FACTS = {"backend": "cluster", "istio": "1.31.0", "istio_api": "v1", "kubernetes": "1.36", "mesh": "sidecar"}

IN_BOTH = {
    "deployment": "create delete get list watch",
    "pod": "get list",
    "pods/exec": "create",
    "service": "create delete get",
    "serviceaccount": "create delete get",
}
OF_THE_LESSONS = {
    "": {"namespace": "create delete get"},
    "demo": {
        **IN_BOTH,
        "destinationrule": "create delete get",
        "endpoints": "create delete get",
        "endpointslice": "list",
    },
    "plain": IN_BOTH,
}


def planned(name: str, until: str | None = None, **settings: str) -> Plan:
    tutorial = load_tutorial(find_tutorial(name))
    chosen = adapted_settings(tutorial, settings, FACTS, lambda _: None)
    return make_plan(tutorial, settings=chosen, facts=FACTS, until_step=until)


def needed(name: str, until: str | None = None, **settings: str) -> Requirements:
    named = {"NAMESPACE": "demo", "PLAIN_NAMESPACE": "plain", **settings}
    return requirements_of_all([planned(name, until, **named)])


def rights(requirements: Requirements) -> dict[str, dict[str, str]]:
    """The verbs on each kind, by namespace; kinds in the singular."""
    found: dict[str, dict[str, set[str]]] = {}
    names = {"svc": "service", "pods": "pod", "endpointslices": "endpointslice"}
    for each in requirements.requests:
        kind = f"pods/{each.subresource}" if each.subresource else names.get(each.resource, each.resource)
        found.setdefault(each.namespace, {}).setdefault(kind, set()).add(each.verb)
    return {
        namespace: {kind: " ".join(sorted(verbs)) for kind, verbs in sorted(kinds.items())}
        for namespace, kinds in found.items()
    }


def test_the_rights_of_the_whole_document() -> None:
    assert rights(needed("all")) == OF_THE_LESSONS


def test_a_slice_in_place_of_endpoints_needs_other_rights() -> None:
    found = rights(needed("endpoints", ENDPOINTS="slice"))["demo"]
    assert found["endpointslice"] == "create delete get list"
    assert "endpoints" not in found


def test_rights_are_named_with_the_steps_that_need_them() -> None:
    requests = needed("all").requests
    steps = {steps for request, steps in requests.items() if request.resource == "endpoints"}
    assert steps == {("create-endpoints",), ("create-endpoints", "delete-endpoints")}


@pytest.mark.parametrize("injection", ["automatic", "manual"])
def test_pods_namespaces_and_image_are_those_of_the_manifests(injection: str) -> None:
    found = needed("externalname", INJECTION=injection, IMAGE="own/curl:1")
    assert found.sidecars == {"demo": injection, "plain": "none"}
    assert [(each.namespace, each.name, each.labels) for each in found.workloads] == [
        ("demo", "sleep", {"app": "sleep"}),
        ("plain", "sleep", {"app": "sleep"}),
    ]
    assert {each.spec["containers"][0]["image"] for each in found.workloads} == {"own/curl:1"}
    assert found.namespaces == ("demo", "plain")


def test_a_part_of_a_tutorial_needs_no_more_than_its_steps_do() -> None:
    found = needed("externalname", until="source-pod")
    assert found.sidecars == {"demo": "automatic"}
    assert found.namespaces == ("demo",)


def test_several_tutorials_are_one_need() -> None:
    plans = [planned(name) for name in ("externalname", "names")]
    both = requirements_of_all(plans)
    assert [each.name for each in both.outside] == ["httpbin.org", "httpbin.org over HTTPS"]
    assert both.outside[0].host == "httpbin.org"
    assert both.outside[0].variables == (("HTTPBIN_HOST", "httpbin.org"),)
    assert set(both.requests) == {key for plan in plans for key in requirements_of_all([plan]).requests}


def test_two_tutorials_are_enough_to_know_all_steps() -> None:
    chosen = covering_tutorials()
    assert [folder.name for folder in chosen] == ["all", "names"]


MANIFESTS = {
    "files/pod.yaml": "kind: Pod\nmetadata: {name: one, namespace: own}\nspec: {containers: [{name: a}]}\n",
    "files/many.yaml": (
        "kind: StatefulSet\nmetadata: {name: two}\n"
        "spec: {replicas: 3, template: {spec: {containers: [{name: a}], initContainers: [{name: b}]}}}\n"
        "---\nkind: Service\nspec: {}\n---\n- a list\n---\nkind: CronJob\nmetadata: {name: three}\n"
        "spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c}]}}}}}\n"
    ),
    "files/broken.yaml": "kind: Pod\nspec: [\n",
    "files/odd.yaml": (
        "kind: Deployment\nspec: {replicas: many, template: {spec: {containers: x}, metadata: 3}}\n"
    ),
}


def test_workloads_are_read_from_files_and_heredocs() -> None:
    command = (
        "kubectl apply -n there -f - -f files/many.yaml <<EOF\nkind: Pod\nmetadata: {name: zero}\n"
        "spec: {containers: [{name: z}]}\nEOF\nkubectl create -f files/pod.yaml -f files/broken.yaml"
        " -f files/odd.yaml -f files/none.yaml\nkubectl delete -f files/many.yaml"
    )
    found = list(workloads_of(command, "default", lambda path: MANIFESTS.get(path, "")))
    assert [(each.namespace, each.kind, each.name, each.replicas) for each in found] == [
        ("there", "pod", "zero", 1),
        ("there", "statefulset", "two", 3),
        ("there", "cronjob", "three", 1),
        ("own", "pod", "one", 1),
        ("default", "deployment", "", 1),
    ]
    assert [each["name"] for each in found[1].containers] == ["b", "a"]
    assert (found[4].containers, found[4].labels) == ([], {})


def test_only_files_that_the_tutorial_lays_out_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "in.yaml").write_text(MANIFESTS["files/pod.yaml"].replace("one", "${NAME}"))
    (folder / "out.txt").write_text(MANIFESTS["files/pod.yaml"])
    (folder / "tutorial.yaml").write_text("title: Mine\nfiles: files\nvariables: {NAME: mine}\n")
    (folder / "10-only.yaml").write_text(
        "title: One\ncommand: kubectl create -f files/in.yaml -f out.txt -f ../out.txt -f /etc/hosts\n"
        "creates: [pod/mine@own]\n"
    )
    plan = make_plan(load_tutorial(folder), settings={}, facts={})
    assert [each.name for each in requirements_of_all([plan]).workloads] == ["mine"]
