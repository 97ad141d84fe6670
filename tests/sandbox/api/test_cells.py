"""What `kubectl get` prints in its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tutorial.sandbox.api import cells, pod_cells


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "<invalid>"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (3600, "60m"),
        (3 * 3600 + 60, "3h1m"),
        (10 * 3600, "10h"),
        (50 * 3600, "2d2h"),
        (10 * 86400, "10d"),
        (3 * 365 * 86400, "3y"),
        (9 * 365 * 86400 + 86400, "9y"),
    ],
)
def test_durations(seconds: int, shown: str) -> None:
    assert cells.human_duration(seconds) == shown


Object = dict[str, Any]

_INIT_CONTAINERS = [{"name": "setup"}, {"name": "proxy", "restartPolicy": "Always"}]


def service(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "s"}, "spec": spec}


def test_service_cells() -> None:
    assert cells.external_ip(service(type="ExternalName", externalName="a.b")) == "a.b"
    assert cells.external_ip(service(type="ClusterIP")) == "<none>"
    assert cells.external_ip(service(type="LoadBalancer")) == "<pending>"
    ports = [{"port": 80, "nodePort": 30080}, {"port": 53, "protocol": "UDP"}]
    assert cells.service_ports(service(ports=ports)) == "80:30080/TCP,53/UDP"
    assert cells.service_ports(service()) == "<none>"


def test_endpoints_show_three() -> None:
    addresses = [{"ip": f"10.0.0.{n}"} for n in range(5)]
    endpoints = {"subsets": [{"addresses": addresses, "ports": [{"port": 80}]}]}
    assert cells.endpoint_addresses(endpoints) == "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more..."
    assert cells.endpoint_addresses({}) == "<none>"


def pod(phase: str, init: Sequence[Object] = (), main: Sequence[Object] = (), **metadata: Any) -> Object:
    return {
        "metadata": {"name": "p", **metadata},
        "spec": {
            "initContainers": _INIT_CONTAINERS if init else [],
            "containers": [{"name": "main"}],
        },
        "status": {
            "phase": phase,
            "initContainerStatuses": list(init),
            "containerStatuses": list(main),
        },
    }


def state(name: str, *, ready: bool = False, restarts: int = 0, started: bool = True, **kind: Any) -> Object:
    return {"name": name, "ready": ready, "restartCount": restarts, "started": started, "state": kind}


DONE = {"exitCode": 0, "reason": "Completed"}


def test_a_pod_with_a_sidecar_counts_both() -> None:
    running = pod(
        "Running",
        [state("setup", terminated=DONE), state("proxy", ready=True, running={})],
        [state("main", ready=True, running={})],
    )
    assert (pod_cells.ready(running), pod_cells.status(running)) == ("2/2", "Running")


def test_a_pod_says_what_holds_it_up() -> None:
    waiting = [state("setup", running={}, started=False)]
    assert pod_cells.status(pod("Pending", waiting)) == "Init:0/2"
    failed = [state("setup", terminated={"exitCode": 1, "reason": "Error"})]
    assert pod_cells.status(pod("Pending", failed)) == "Init:Error"
    crashing = [state("main", restarts=4, waiting={"reason": "CrashLoopBackOff"})]
    assert pod_cells.status(pod("Running", main=crashing)) == "CrashLoopBackOff"
    assert pod_cells.restarts(pod("Running", main=crashing)) == "4"
    ended = [state("main", terminated={"exitCode": 3})]
    assert pod_cells.status(pod("Failed", main=ended)) == "ExitCode:3"
    assert pod_cells.status(pod("Running", deletionTimestamp="2026-01-01T00:00:00Z")) == "Terminating"
