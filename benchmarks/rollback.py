"""Measures what a rollback costs over the API's own work, as a difference and a ratio of one run.

    .venv/bin/python benchmarks/rollback.py [--runs N]

The lesson runs to its last request in a kept sandbox and is rolled back. Beside it, the same objects are
made by kubectl and deleted by the same REST client, each by its uid and waited for, with no runner around.
Nothing here is asserted: machines differ.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

from figures import Machine

from tutorial.backends.cluster import ApiCluster
from tutorial.backends.kubeconfig import load_kubeconfig
from tutorial.backends.rest import RestClient
from tutorial.steps.catalog import find_tutorial
from tutorial.steps.loader import load_tutorial
from tutorial.steps.model import ObjectReference, Step

LAST_STEP = "access-with-sidecar"
POLL_SECONDS = 0.02


def rolled_back_steps() -> list[Step]:
    """The steps that the default settings take, up to the last one that runs."""
    tutorial = load_tutorial(find_tutorial("externalname"))
    taken = [step for step in tutorial.steps if not step.aside and not step.when]
    last = next(at for at, step in enumerate(taken) if step.id == LAST_STEP)
    return taken[: last + 1]


def rollback_seconds(machine: Machine) -> float:
    """From the rollback's first event to its last."""
    arguments = ("run", "externalname", "--auto", "--until", LAST_STEP, "-o", "jsonl")
    events = [json.loads(line) for line in machine.run(*arguments).splitlines()]
    times = {event["event"]: event["time"] for event in events}
    return float(times["RollbackEnded"] - times["RollbackStarted"])


def api_seconds(machine: Machine) -> float:
    """The same objects, deleted last first without the runner."""
    sample = machine.sample()
    machine.bash(
        f"kubectl apply -f {sample}; kubectl create namespace without-istio\n"
        f"kubectl apply -f {sample} -n without-istio\n"
        "kubectl rollout status deployment/sleep; kubectl rollout status deployment/sleep -n without-istio\n"
        "kubectl create service externalname my-httpbin --external-name httpbin.org"
    )
    client = RestClient(load_kubeconfig([machine.sandbox / "kubeconfig"]).access(), machine.environment)
    cluster = ApiCluster(client, "default")
    made = [
        *(ObjectReference(kind, "sleep", "default") for kind in ("serviceaccount", "service", "deployment")),
        ObjectReference("namespace", "without-istio"),
        *(ObjectReference(kind, "sleep", "without-istio") for kind in ("serviceaccount", "service")),
        ObjectReference("deployment", "sleep", "without-istio"),
        ObjectReference("service", "my-httpbin", "default"),
    ]
    began = time.perf_counter()
    for reference in reversed(made):
        state = cluster.lookup(reference)
        assert state is not None
        cluster.delete(reference, state.uid)
        while (now := cluster.lookup(reference)) is not None and now.uid == state.uid:
            time.sleep(POLL_SECONDS)
    taken = time.perf_counter() - began
    client.close()
    return taken


def measure(runs: int, folder: Path) -> None:
    machine = Machine(folder)
    machine.run("sandbox", "up")
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(rollback_seconds(machine))
        theirs.append(api_seconds(machine))
    machine.run("sandbox", "down")
    steps = len(rolled_back_steps())
    over = statistics.median((one - other) / steps for one, other in zip(ours, theirs, strict=True))
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, "
        f"Python {platform.python_version()}; medians of {runs}\n\n"
        f"rollback of {steps} steps       {statistics.median(ours) * 1000:6.0f} ms\n"
        f"the API's own work          {statistics.median(theirs) * 1000:6.0f} ms\n"
        f"the runner's own, a step    {over * 1000:6.1f} ms   wanted: < 20 ms"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=5)
    with tempfile.TemporaryDirectory() as scratch:
        measure(parser.parse_args().runs, Path(scratch))
