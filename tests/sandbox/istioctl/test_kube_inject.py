from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tutorial.sandbox.istioctl.__main__ import main
from tutorial.sandbox.istioctl.kube_inject import inject_manifests
from tutorial.sandbox.istioctl.program import write_program

SLEEP = Path(__file__).parents[3] / "steps" / "samples" / "sleep" / "sleep.yaml"
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
}


def injected(*documents: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The documents after injection, and what was reported."""
    reports: list[str] = []
    text = inject_manifests(
        "\n---\n".join(json.dumps(document, ensure_ascii=False) for document in documents), reports.append
    )
    return list(yaml.safe_load_all(text)), reports


def init_containers(pod: dict[str, Any]) -> list[str]:
    return [container["name"] for container in pod["spec"].get("initContainers", [])]


def template(kind: str) -> dict[str, Any]:
    pod_template = {"metadata": {"labels": {"app": "a"}}, "spec": POD["spec"]}
    spec: dict[str, Any] = {"template": pod_template}
    if kind == "CronJob":
        spec = {"jobTemplate": {"spec": spec}}
    return {"apiVersion": "x/v1", "kind": kind, "metadata": {"name": "w"}, "spec": spec}


def test_the_sample_gets_its_sidecar_in_the_deployment_only() -> None:
    original = list(yaml.safe_load_all(SLEEP.read_text()))
    result = list(yaml.safe_load_all(inject_manifests(SLEEP.read_text(), pytest.fail)))
    assert result[:2] == original[:2]
    pod = result[2]["spec"]["template"]
    assert init_containers(pod) == ["istio-init", "istio-proxy"]
    assert pod["spec"]["containers"] == original[2]["spec"]["template"]["spec"]["containers"]
    assert pod["metadata"]["labels"]["service.istio.io/canonical-name"] == "sleep"
    variables = {each["name"]: each.get("value") for each in pod["spec"]["initContainers"][1]["env"]}
    assert variables["ISTIO_META_WORKLOAD_NAME"] == "sleep"
    assert variables["ISTIO_META_OWNER"].endswith("/namespaces/default/deployments/sleep")


@pytest.mark.parametrize("kind", ["DaemonSet", "StatefulSet", "Job", "ReplicaSet", "CronJob"])
def test_every_kind_with_a_pod_template_is_injected(kind: str) -> None:
    (result,), _ = injected(template(kind))
    spec = result["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else result["spec"]
    assert init_containers(spec["template"]) == ["istio-init", "istio-proxy"]


def test_pods_and_the_items_of_lists_are_injected() -> None:
    (result,), _ = injected({"apiVersion": "v1", "kind": "List", "items": [POD, template("Deployment")]})
    assert init_containers(result["items"][0]) == ["istio-init", "istio-proxy"]
    assert init_containers(result["items"][1]["spec"]["template"]) == ["istio-init", "istio-proxy"]


def test_a_second_time_changes_nothing_and_says_so() -> None:
    once, reports = injected(POD)
    assert reports == []
    twice, reports = injected(*once)
    assert twice == once
    assert reports == ["Pod/p: left as it is; it has a sidecar already"]


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"name": "p", "annotations": {"sidecar.istio.io/inject": "false"}}},
        {"metadata": {"name": "p", "labels": {"sidecar.istio.io/inject": "false"}}},
        {"metadata": {"name": "p", "namespace": "kube-system"}},
        {"spec": {**POD["spec"], "hostNetwork": True}},
        {"spec": {}},
        {"spec": "wrong"},
        {"spec": {"containers": [{}]}},
    ],
)
def test_what_takes_no_sidecar_is_left_with_a_word(change: dict[str, Any]) -> None:
    pod = {**POD, **change}
    (result,), reports = injected(pod)
    assert result == pod
    assert len(reports) == 1
    assert reports[0].startswith("Pod/p: left as it is; ")


def test_plain_words_stay_what_kubectl_takes_them_for() -> None:
    text = "data: {day: 2026-11-24, time: 12:30, answer: 'y', number: 7, mode: '0755', small: '1e3'}\n"
    result = inject_manifests(text, pytest.fail)
    for line in ('day: "2026-11-24"', 'time: "12:30"', 'answer: "y"', "number: 7", 'mode: "0755"', '"1e3"'):
        assert line in result


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"))), st.text("yno01e.:-\n é")
    )
)
def test_texts_of_other_objects_come_through(data: dict[str, str]) -> None:
    document = {"kind": "ConfigMap", "data": data}
    assert injected(document) == ([document], [])


@pytest.mark.parametrize("text", ["a: [", "- list", "just words", "a: &x {b: *y}", "\x00"])
def test_what_is_no_manifest_is_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(text)
    assert main(["kube-inject", "-f", str(file)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"Error: {file} cannot be injected: ")


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kube-inject", "-f", "/nowhere.yaml"]) == 1
    assert capsys.readouterr().err == "Error: /nowhere.yaml: No such file or directory\n"


def test_what_it_is_not_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "-A"]) == 1
    said = capsys.readouterr().err
    assert "the sandbox has no istioctl analyze" in said
    assert "not Istio's own" in said
    assert main(["version"]) == 0
    assert "not Istio's own" in capsys.readouterr().out
    assert main(["version", "--short"]) == 0
    assert capsys.readouterr().out == "client version: 1.31.0\n"


def test_the_program_reads_stdin_and_writes_files(tmp_path: Path) -> None:
    folder, out = tmp_path / "a folder" / "bin", tmp_path / "out.yaml"
    folder.parent.mkdir()
    write_program(folder)
    subprocess.run(
        [folder / "istioctl", "kube-inject", "-f", "-", "-o", out],
        input=yaml.safe_dump(POD),
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
        timeout=30,
    )
    assert init_containers(yaml.safe_load(out.read_text())) == ["istio-init", "istio-proxy"]
