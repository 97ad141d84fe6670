"""kubectl's distance from the server; what is seen of Istio."""

from __future__ import annotations

from typing import Any

import pytest
from preflight.samples import FACTS, PLACE, look, named, survey

from tutorial.preflight.survey import Mesh, Program
from tutorial.preflight.versions import check_istio, check_kubectl, check_server


@pytest.mark.parametrize(
    ("program", "server", "state"),
    [
        (Program("/bin/kubectl", "1.36.2"), "1.36", "pass"),
        (Program("/bin/kubectl", "1.37.0"), "1.36", "pass"),
        (Program("/bin/kubectl", "1.35.9"), "1.36", "pass"),
        (Program("/bin/kubectl", "1.34.0"), "1.36", "warn"),
        (Program("/bin/kubectl", "1.38.0"), "1.36", "warn"),
        (Program("/bin/kubectl", trouble="it does not say"), "1.36", "unknown"),
        (Program(trouble="it was not found"), "1.36", "fail"),
    ],
)
def test_kubectl_may_be_one_minor_version_apart(program: Program, server: str, state: str) -> None:
    found = check_kubectl(survey(kubectl=program, facts={**FACTS, "kubernetes": server}))
    assert found.state == state
    if state == "warn":
        assert "1.35 to 1.37" in found.do


def test_the_server_is_told_with_its_user() -> None:
    found = check_server(survey(user="jane"), "https://192.0.2.1")
    assert found.why == "https://192.0.2.1 answers as Kubernetes 1.36, as jane"


def istiod(
    version: str = "1.31.0", revision: str = "default", *, replicas: int = 1, **env: str
) -> dict[str, Any]:
    labels = {"app.kubernetes.io/version": version, "istio.io/rev": revision}
    variables = [{"name": name, "value": value} for name, value in env.items()]
    container = {"image": "pilot", "env": variables}
    return named(
        "istiod",
        "istio-system",
        labels,
        spec={"template": {"spec": {"containers": [container]}}},
        status={"availableReplicas": replicas},
    )


def istio(seen: Mesh, **facts: str) -> Any:
    return check_istio(survey(seen, facts={**FACTS, **facts}), seen, PLACE)


def test_version_and_revisions_are_told() -> None:
    found = istio(Mesh(istiod=look(istiod(), istiod("1.30.2", "canary"))))
    assert found.state == "pass"
    assert "1.31.0 (revision default), 1.30.2 (revision canary)" in found.why


@pytest.mark.parametrize(
    ("mesh", "facts", "said"),
    [
        (Mesh(istiod=look(istiod()), kubelets=("v1.33.1", "v1.36.0")), {}, "native ones (init"),
        (Mesh(istiod=look(istiod()), kubelets=("v1.32.9", "v1.36.0")), {}, "ordinary"),
        (Mesh(istiod=look(istiod())), {}, "where every kubelet"),
        (Mesh(istiod=look(istiod("1.26.1")), kubelets=("v1.36.0",)), {"istio": "1.26.1"}, "ordinary"),
        (
            Mesh(istiod=look(istiod("1.26.1", ENABLE_NATIVE_SIDECARS="true"))),
            {"istio": "1.26.1"},
            "native ones (init",
        ),
        (Mesh(istiod=look(istiod(ENABLE_NATIVE_SIDECARS="false")), kubelets=("v1.36.0",)), {}, "ordinary"),
        (Mesh(istiod=look(istiod())), {"mesh": "ambient"}, "ambient mode"),
    ],
)
def test_the_kind_of_sidecar_is_told(mesh: Mesh, facts: dict[str, str], said: str) -> None:
    assert said in istio(mesh, **facts).why


def test_what_is_missing_or_hidden() -> None:
    assert istio(Mesh(), mesh="none").state == "fail"
    assert istio(Mesh()).state == "warn"
    assert istio(Mesh(istiod=look(istiod(replicas=0)))).state == "warn"
    hidden = istio(Mesh(istiod=look(refused="not yours")))
    assert (hidden.state, hidden.needed) == ("unknown", False)
