"""The sandbox as a backend: which one is used, and when it ends. The sandbox itself is a stand-in
of the lifecycle's form in front of the tests' API server."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from backends.api_server import ApiServer
from backends.authority import Authority

from tutorial.backends.sandbox import open_sandbox
from tutorial.backends.select import open_backend
from tutorial.errors import SandboxError
from tutorial.sandbox import lifecycle
from tutorial.steps.model import ObjectReference


@dataclass
class StandIn:
    """What `lifecycle.attach` and `start` give."""

    name: str
    kubeconfig: Path
    owned: bool
    calls: list[str] = field(default_factory=list)

    @property
    def kubectl_cache(self) -> Path:
        return self.kubeconfig.parent / "kubectl-cache"

    @property
    def programs(self) -> Path:
        return self.kubeconfig.parent / "bin"

    def is_gone(self) -> bool:
        return False

    def use(self) -> None:
        self.calls.append("use")

    def keep(self) -> None:
        self.calls.append("keep")

    def close(self) -> None:
        self.calls.append("close")


Sandboxes = dict[str, StandIn]


@pytest.fixture
def sandboxes(
    tmp_path: Path, api: ApiServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Sandboxes:
    """The sandboxes that are up, by name."""
    data = base64.b64encode(authority.certificate).decode()
    content = {
        "clusters": [{"name": "s", "cluster": {"server": api.url, "certificate-authority-data": data}}],
        "users": [{"name": "s", "user": {"token": "t"}}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "s", "user": "s"}}],
        "current-context": "sandbox",
    }
    kubeconfig = tmp_path / "sandbox-kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(content))
    (tmp_path / "run-7f3a").mkdir()
    up: dict[str, StandIn] = {"default": StandIn("default", kubeconfig, owned=False)}

    def start(root: Path, name: str, *, kept: bool) -> StandIn:
        assert (root, kept) == (tmp_path / "sandboxes", False)
        up[name] = StandIn(name, kubeconfig, owned=True)
        return up[name]

    monkeypatch.setattr(lifecycle, "attach", lambda root, name: up.get(name))
    monkeypatch.setattr(lifecycle, "start", start)
    return up


def test_the_sandbox_that_is_up_is_used(tmp_path: Path, api: ApiServer, sandboxes: Sandboxes) -> None:
    api.put("/api/v1/namespaces/mine/services/a", "Service")
    with open_backend(
        requires="cluster", folder=tmp_path / "run-7f3a", home=tmp_path, environment={}, namespace="mine"
    ) as opened:
        assert (opened.backend.kind, opened.backend.label, opened.owned) == ("sandbox", "sandbox", False)
        assert opened.backend.facts["kubernetes"] == "1.36"
        assert opened.backend.facts["mesh"] == "sidecar"
        assert opened.backend.parameters == {"backend": "sandbox", "sandbox": "default"}
        assert opened.cluster.lookup(ObjectReference("service", "a")) is not None
        assert (opened.backend.path[0] / "kubectl").exists()
        assert opened.backend.path[1:] == (sandboxes["default"].programs,)
        assert "kubectl-cache" in opened.backend.environment["KUBECACHEDIR"]
    assert sandboxes["default"].calls == ["use", "close"]


def test_a_run_may_start_its_own_and_keep_it(tmp_path: Path, sandboxes: Sandboxes) -> None:
    sandboxes.clear()
    with open_backend(
        requires="cluster", folder=tmp_path / "run-7f3a", home=tmp_path, environment={}
    ) as opened:
        assert opened.owned
        opened.keep()
    assert sandboxes["run-7f3a"].calls == ["use", "keep", "close"]


@pytest.mark.parametrize("is_up", [True, False])
def test_a_resumed_run_gets_its_own_again(tmp_path: Path, sandboxes: Sandboxes, is_up: bool) -> None:
    if is_up:
        sandboxes["old"] = StandIn("old", sandboxes["default"].kubeconfig, owned=False)
    parameters = {"backend": "sandbox", "sandbox": "old"}
    folder = tmp_path / "run-7f3a"
    with open_backend(
        requires="cluster", folder=folder, home=tmp_path, environment={}, parameters=parameters
    ) as opened:
        assert opened.backend.parameters == parameters
        assert opened.owned is not is_up


def test_a_sandbox_that_does_not_answer_is_let_go(
    tmp_path: Path, api: ApiServer, sandboxes: Sandboxes
) -> None:
    api.refused["/version"] = 500
    with (
        pytest.raises(Exception, match="does not answer as a Kubernetes"),
        open_sandbox(
            folder=tmp_path / "run-7f3a", root=tmp_path, environment={}, namespace="default", name=None
        ),
    ):
        raise AssertionError("it opened")
    assert sandboxes["default"].calls == ["use", "close"]


def test_why_none_can_start_is_passed_on(
    tmp_path: Path, sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(root: Path, name: str, *, kept: bool) -> StandIn:
        raise SandboxError("No user namespaces.")

    sandboxes.clear()
    monkeypatch.setattr(lifecycle, "start", cannot)
    with pytest.raises(SandboxError, match="No user namespaces"):
        open_backend(
            requires="cluster", folder=tmp_path / "run-7f3a", home=tmp_path, environment={}
        ).__enter__()
