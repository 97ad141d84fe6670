"""Which backend a run gets, and what its commands see of it."""

from __future__ import annotations

import base64
import fcntl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from backends.api_server import ApiServer
from backends.authority import Authority

from tutorial.backends.none import NoCluster
from tutorial.backends.select import context_not_used, kubectl_options, open_backend, remove_dead_sandboxes
from tutorial.errors import NotReadyError, OtherClusterError, SandboxError, UsageError
from tutorial.journal.paths import make_in_state_home, sandboxes_folder
from tutorial.sandbox.lifecycle import attach, start
from tutorial.steps.model import ObjectReference

KUBECTL_SCRIPT = "#!/bin/sh\necho my own kubectl\n"


@pytest.fixture
def environment(api: ApiServer, authority: Authority, tmp_path: Path) -> dict[str, str]:
    """A user with a kubeconfig in `~/.kube` and no kubectl of their own."""
    data = base64.b64encode(authority.certificate).decode()
    content = {
        "clusters": [{"name": "c", "cluster": {"server": api.url, "certificate-authority-data": data}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("one", "two")],
        "current-context": "one",
    }
    (tmp_path / "user" / ".kube").mkdir(parents=True)
    (tmp_path / "user" / ".kube" / "config").write_text(yaml.safe_dump(content))
    (tmp_path / "run").mkdir()
    (tmp_path / "state").mkdir()
    return {"HOME": str(tmp_path / "user"), "PATH": "/nowhere"}


def arguments(tmp_path: Path, environment: Mapping[str, str], **more: Any) -> dict[str, Any]:
    folders = {"folder": tmp_path / "run", "home": tmp_path / "state"}
    return {"requires": "cluster", "environment": environment, **folders, **more}


def test_a_tutorial_without_a_cluster_gets_none(tmp_path: Path) -> None:
    with open_backend(**arguments(tmp_path, {}, requires="none", context="one")) as opened:
        assert (opened.backend.kind, opened.backend.label, opened.owned) == ("none", "no cluster", False)
        assert isinstance(opened.cluster, NoCluster)
        assert opened.cluster.lookup(ObjectReference("service", "a")) is None
        assert opened.cluster.namespace_contents("default") == ()
        assert not opened.cluster.delete(ObjectReference("service", "a"), "u")
        with pytest.raises(NotReadyError):
            opened.cluster.restore({"kind": "Service"})


def test_a_named_context_is_used(tmp_path: Path, environment: dict[str, str], api: ApiServer) -> None:
    api.put("/api/v1/namespaces/mine/services/a", "Service")
    with open_backend(**arguments(tmp_path, environment, context="two", namespace="mine")) as opened:
        backend = opened.backend
        assert (backend.kind, backend.label) == ("cluster", "cluster: two")
        assert backend.facts == {"backend": "cluster", "kubernetes": "1.36", "mesh": "none"}
        assert backend.environment["KUBERC"] == "off"
        assert opened.cluster.lookup(ObjectReference("service", "a")) is not None
        path = ":".join([*map(str, backend.path), "/usr/bin:/bin"])
        seen = subprocess.run(
            ["kubectl", "get", "--raw", "/version"],
            env={"PATH": path, "HOME": "/", **backend.environment},
            capture_output=True,
            check=False,
            text=True,
        )
        assert '"36+"' in seen.stdout, seen.stderr
    with open_backend(**arguments(tmp_path, {"PATH": "/nowhere"}, parameters=backend.parameters)) as again:
        assert again.backend == backend


def test_a_kubeconfig_alone_means_its_current_context(tmp_path: Path, environment: dict[str, str]) -> None:
    file = Path(environment["HOME"], ".kube", "config")
    with open_backend(**arguments(tmp_path, {"PATH": "/nowhere"}, kubeconfig=str(file))) as opened:
        assert opened.backend.label == "cluster: one"


def test_the_users_own_kubectl_is_preferred_on_a_cluster(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "kubectl").write_text(KUBECTL_SCRIPT)
    (tmp_path / "kubectl").chmod(0o700)
    with open_backend(**arguments(tmp_path, {**environment, "PATH": str(tmp_path)}, context="one")) as opened:
        assert opened.backend.path == ()


def test_an_unknown_context_is_refused(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="no context three"):
        open_backend(**arguments(tmp_path, environment, context="three")).__enter__()


def test_what_is_no_kubernetes_is_refused(
    tmp_path: Path, environment: dict[str, str], api: ApiServer
) -> None:
    api.refused["/version"] = 404
    with pytest.raises(NotReadyError, match="does not answer as a Kubernetes"):
        open_backend(**arguments(tmp_path, environment, context="one")).__enter__()


def test_a_server_that_somebody_has_built_says_its_version_in_one_piece(
    tmp_path: Path, environment: dict[str, str], api: ApiServer
) -> None:
    api.version = {"major": "", "minor": "", "gitVersion": "v1.20.2"}
    with open_backend(**arguments(tmp_path, environment, context="one")) as opened:
        assert opened.backend.facts["kubernetes"] == "1.20"


@pytest.fixture
def istio_cluster(tmp_path: Path, environment: dict[str, str]) -> dict[str, Any]:
    return arguments(tmp_path, environment, context="one")


@pytest.mark.parametrize(
    ("label", "image", "istio"),
    [
        ("1.27.1", "x/pilot:1.26.0", "1.27.1"),
        ("", "registry:5000/pilot:1.26.3-distroless", "1.26.3"),
        ("unknown", "x/pilot@sha256:abc", None),
    ],
)
def test_istio_is_found_out(
    istio_cluster: dict[str, Any], api: ApiServer, label: str, image: str, istio: str | None
) -> None:
    labels = {"app.kubernetes.io/version": label}
    istiod = api.put("/apis/apps/v1/namespaces/istio-system/deployments/istiod", "Deployment", labels=labels)
    istiod["spec"] = {"template": {"spec": {"containers": [{"image": image}]}}}
    with open_backend(**istio_cluster) as opened:
        assert opened.backend.facts.get("istio") == istio
        assert opened.backend.facts["mesh"] == "sidecar"
    api.put("/api/v1/namespaces/default", "Namespace", labels={"istio.io/dataplane-mode": "ambient"})
    with open_backend(**istio_cluster) as opened:
        assert opened.backend.facts["mesh"] == "ambient"


def test_the_context_that_a_sandbox_leaves_alone_is_named(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("current-context: kind-kind\n")
    broken = tmp_path / "broken"
    broken.write_text("[")
    of_sandbox = make_in_state_home(sandboxes_folder(tmp_path)) / "default"
    of_sandbox.write_text("current-context: sandbox\n")
    found = [
        context_not_used({"KUBECONFIG": str(file)}, tmp_path)
        for file in (own, broken, of_sandbox, tmp_path / "missing")
    ]
    assert found == ["kind-kind", "", "", ""]


@pytest.mark.parametrize(
    ("served", "newest"), [(("v1", "v1beta1", "v1alpha3"), "v1"), (("v1alpha3", "v1beta1"), "v1beta1")]
)
def test_istios_kinds_are_enough_to_tell_a_mesh(
    istio_cluster: dict[str, Any], api: ApiServer, served: tuple[str, ...], newest: str
) -> None:
    versions = [{"version": version} for version in served]
    api.objects["/apis/networking.istio.io"] = {"kind": "APIGroup", "versions": versions}
    api.refused["/apis/apps/v1/namespaces/istio-system/deployments"] = 403
    with open_backend(**istio_cluster) as opened:
        assert opened.backend.facts["istio_api"] == newest
        assert opened.backend.facts["mesh"] == "sidecar"
        assert "istio" not in opened.backend.facts


USUAL = "/home/u/.kube/config"


@pytest.mark.parametrize(
    ("known", "options"),
    [
        ({"kubeconfig": USUAL}, "--context 'my kind'"),
        ({"kubeconfig": "/etc/kubeconfig"}, "--context 'my kind' --kubeconfig /etc/kubeconfig"),
        ({"kubeconfig": "/a:/b"}, "--context 'my kind'"),
        ({"kubeconfig": "/a:/b", "file": "/b"}, "--context 'my kind' --kubeconfig /b"),
        (
            {"kubeconfig": "/a:/b", "file": "", "server": "https://x:6443"},
            "--context 'my kind' --server https://x:6443",
        ),
    ],
)
def test_a_person_s_kubectl_is_told_the_cluster(known: dict[str, str], options: str, tmp_path: Path) -> None:
    parameters = {"backend": "cluster", "context": "my kind", **known}
    assert kubectl_options(parameters, {"HOME": "/home/u"}, tmp_path) == options


def test_a_variable_that_names_other_files_does_not_mislead_a_person_s_kubectl(tmp_path: Path) -> None:
    parameters = {"backend": "cluster", "context": "kind", "kubeconfig": USUAL, "file": USUAL}
    environment = {"HOME": "/home/u", "KUBECONFIG": "/another"}
    assert kubectl_options(parameters, environment, tmp_path) == f"--context kind --kubeconfig {USUAL}"


def test_the_file_that_holds_a_context_is_remembered(tmp_path: Path, environment: dict[str, str]) -> None:
    own = str(Path(environment["HOME"], ".kube", "config"))
    (tmp_path / "other").write_text("current-context: two\n")
    several = {**environment, "KUBECONFIG": f"{tmp_path / 'other'}:{own}"}
    with open_backend(**arguments(tmp_path, several, context="one")) as opened:
        parameters = opened.backend.parameters
    assert kubectl_options(parameters, {}, tmp_path) == f"--context one --kubeconfig {own}"


def test_where_nothing_is_to_choose_nothing_is_told(tmp_path: Path) -> None:
    for parameters in ({}, {"backend": "none"}, {"backend": "sandbox", "sandbox": "gone"}):
        assert kubectl_options(parameters, {}, tmp_path) == ""


def test_what_a_killed_sandbox_left_is_removed(tmp_path: Path) -> None:
    root = sandboxes_folder(tmp_path)
    for name in ("dead", "alive"):
        (root / name).mkdir(parents=True)
        (root / name / "lock").touch()
    with (root / "alive" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        remove_dead_sandboxes(tmp_path)
    assert sorted(folder.name for folder in root.iterdir() if folder.is_dir()) == ["alive"]


def repointed(environment: Mapping[str, str], server: str) -> None:
    """The user's kubeconfig, whose contexts lead to another server from now on."""
    file = Path(environment["HOME"], ".kube", "config")
    content = yaml.safe_load(file.read_text())
    content["clusters"][0]["cluster"] |= {"server": server, "tls-server-name": "127.0.0.1"}
    file.write_text(yaml.safe_dump(content))


def test_a_context_that_leads_to_another_cluster_is_refused(
    tmp_path: Path, environment: dict[str, str], api: ApiServer
) -> None:
    api.put("/api/v1/namespaces/default", "Namespace")
    with open_backend(**arguments(tmp_path, environment, context="one")) as opened:
        parameters = opened.backend.parameters
    repointed(environment, api.url.replace("127.0.0.1", "localhost"))
    again = arguments(tmp_path, environment, parameters=parameters, ask_facts=False)
    with open_backend(**again) as opened:
        assert opened.backend.parameters == parameters, "the same cluster at another address"
    api.put("/api/v1/namespaces/default", "Namespace")
    with pytest.raises(OtherClusterError, match="begun on another cluster") as refusal:
        open_backend(**again).__enter__()
    assert api.url in refusal.value.do
    repointed(environment, "https://127.0.0.1:1")
    with pytest.raises(OtherClusterError, match="begun on another cluster"):
        open_backend(**again).__enter__()


@pytest.mark.parametrize("name", ["", ".", "..", "../others", "dead/users"])
def test_what_is_no_sandboxs_name_removes_nothing(tmp_path: Path, name: str) -> None:
    root = sandboxes_folder(tmp_path)
    (root / "dead" / "users").mkdir(parents=True)
    (root.parent / "others").mkdir()
    assert attach(root, name) is None
    with pytest.raises(SandboxError, match="can be the name of no sandbox"):
        start(root, name, kept=False)
    assert (root / "dead" / "users").is_dir()
    assert (root.parent / "others").is_dir()
