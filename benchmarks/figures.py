"""Measures what the product promises of speed and memory, as medians and ratios of one run.

    .venv/bin/python benchmarks/figures.py [--runs N]

Nothing here is asserted: machines differ. Quote medians, and the machine with them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pexpect

from tutorial.steps.catalog import find_tutorial
from tutorial.steps.conditions import counted_steps
from tutorial.steps.loader import load_tutorial
from tutorial.steps.model import Step
from tutorial.steps.substitute import fill

BIN = Path(sys.executable).parent
PROGRAM = str(BIN / "egress-tutorial")
TRIVIAL_STEPS = 20


class Machine:
    """The program with a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": f"{BIN}:/usr/bin:/bin",
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }

    @property
    def sandbox(self) -> Path:
        return self.folder / "state" / "egress-tutorial" / "sandboxes" / "default"

    def sample(self) -> Path:
        """The sample's manifest as a run lays it out."""
        tutorial = load_tutorial(find_tutorial("externalname"))
        assert tutorial.files is not None
        laid_out = self.folder / tutorial.files.name / "sleep" / "sleep.yaml"
        laid_out.parent.mkdir(parents=True, exist_ok=True)
        laid_out.write_text(fill((tutorial.files / "sleep" / "sleep.yaml").read_text(), tutorial.variables))
        return laid_out

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [PROGRAM, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise SystemExit(f"egress-tutorial {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def bash(self, script: str) -> None:
        environment = {
            **self.environment,
            "KUBECONFIG": str(self.sandbox / "kubeconfig"),
            "KUBECACHEDIR": str(self.sandbox / "kubectl-cache"),
            "KUBERC": "off",
        }
        done = subprocess.run(
            ["bash", "-c", script],
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"the bash script failed:\n{done.stdout}{done.stderr}")


def seconds_of(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def show(name: str, seconds: list[float], wanted: str) -> None:
    values = [value * 1000 for value in seconds]
    print(
        f"{name:<58} {statistics.median(values):8.0f} ms   "
        f"({min(values):.0f} to {max(values):.0f})   wanted: {wanted}"
    )


def to_first_pause(machine: Machine) -> float:
    began = time.perf_counter()
    child = pexpect.spawn(
        PROGRAM, ["run", "externalname"], env=machine.environment, dimensions=(24, 80), timeout=60
    )
    child.expect("Enter")
    taken = time.perf_counter() - began
    child.close(force=True)
    return taken


def to_both_pods(machine: Machine) -> float:
    """From `sandbox up` until a pod with and a pod without a sidecar are ready."""
    sample = machine.sample()
    began = time.perf_counter()
    machine.run("sandbox", "up")
    machine.bash(
        f"kubectl apply -f {sample} && kubectl create namespace plain && kubectl apply -f {sample} -n plain"
        " && kubectl rollout status deployment/sleep && kubectl rollout status deployment/sleep -n plain"
    )
    return time.perf_counter() - began


def memory_of_sandbox(machine: Machine) -> float:
    """Megabytes (PSS) of the supervisor and everything below it."""
    pid = json.loads((machine.sandbox / "state.json").read_text())["pid"]
    return sum(_pss(one) for one in _with_descendants(pid)) / 1024


def _pss(pid: int) -> float:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return float(next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")))


def _with_descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def trivial_tutorial(folder: Path) -> Path:
    tutorial = folder / "trivial"
    tutorial.mkdir(exist_ok=True)
    (tutorial / "tutorial.yaml").write_text("title: Trivial steps\nrequires: none\n")
    for number in range(TRIVIAL_STEPS):
        (tutorial / f"{number + 10}-step-{number}.yaml").write_text(
            f"title: Step {number}\ncommand: 'true'\n"
        )
    return tutorial


def span(lines: str) -> float:
    """From the first command to the last verdict of a run's events, in seconds."""
    events = [json.loads(line) for line in lines.splitlines()]
    first = next(event["time"] for event in events if event["event"] == "CommandStarted")
    last = [event["time"] for event in events if event["event"] == "VerdictReached"][-1]
    return float(last - first)


def as_bash_script(steps: Sequence[Step], variables: dict[str, str]) -> str:
    lines = ["set -e", *(f"{name}={value}" for name, value in variables.items())]
    for step in steps:
        lines.append(step.command)
        if step.until:
            lines.append(f"until {step.until.command}; do sleep {step.until.interval}; done")
    return "\n".join(lines)


def measure(runs: int, folder: Path) -> None:
    machine = Machine(folder)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, "
        f"Python {platform.python_version()}; medians of {runs} (least to most)\n"
    )
    show("--help", [seconds_of(lambda: machine.run("--help")) for _ in range(runs)], "< 100 ms")
    show(
        "run, sandbox of its own, until the first pause",
        [to_first_pause(machine) for _ in range(runs)],
        "< 1500 ms",
    )

    ups, pods, downs, memory = [], [], [], []
    for _ in range(runs):
        ups.append(seconds_of(lambda: machine.run("sandbox", "up")))
        downs.append(seconds_of(lambda: machine.run("sandbox", "down")))
        pods.append(to_both_pods(machine))
        memory.append(memory_of_sandbox(machine))
        machine.run("sandbox", "down")
    show("sandbox up until the API answers", ups, "< 1000 ms")
    show("sandbox up until two pods are ready, kubectl included", pods, "< 1500 ms to be makeable")
    show("sandbox down, the program's own start included", downs, "< 200 ms over --help")
    print(f"{'memory with two pods (PSS)':<58} {statistics.median(memory):8.0f} MB   wanted: < 250 MB")

    trivial = trivial_tutorial(folder)
    own = [
        span(machine.run("run", "--trust", str(trivial), "--auto", "-o", "jsonl")) / TRIVIAL_STEPS
        for _ in range(runs)
    ]
    bare = [seconds_of(lambda: machine.bash("true")) for _ in range(runs)]
    show("a trivial step", own, "< 10 ms over bash")
    show("bash -c true", bare, "-")

    machine.run("sandbox", "up")
    tutorial = load_tutorial(find_tutorial("externalname"))
    script = as_bash_script(counted_steps(tutorial), dict(tutorial.variables))
    machine.sample()
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(span(machine.run("run", "externalname", "--auto", "-o", "jsonl")))
        theirs.append(seconds_of(lambda: machine.bash(script)))
    machine.run("sandbox", "down")
    show("externalname --auto, first command to last verdict", ours, "-")
    show("a bash script with the same commands and waits", theirs, "-")
    ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
    print(f"{'ratio':<58} {ratio:8.2f}      wanted: <= 1.1")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measure(arguments.runs, Path(scratch))
