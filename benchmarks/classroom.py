"""Measures a class: N attendees run `externalname` at once on one sandbox; does everybody pass, how long does
it take, and how much memory is in use at most?

    .venv/bin/python benchmarks/classroom.py [--attendees N] [--tutorial NAME] [--parallel N]

Nothing here is asserted: machines differ. Quote ratios, and the machine with them. Every attendee has a
home and a state folder of their own, as on a shared machine.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROGRAM = str(Path(sys.executable).parent / "egress-tutorial")
_SAMPLE_SECONDS = 0.5


@dataclass(frozen=True)
class Outcome:
    """One attendee's run."""

    attendee: str
    code: int
    seconds: float
    output: str


class Memory:
    """Samples how much memory this machine's processes of each kind hold (proportional set size, MB)."""

    def __init__(self, root: int) -> None:
        self._root = root
        self.peak: Counter[str] = Counter()
        self.peak_total = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            now = self.sample()
            total = sum(now.values())
            if total > self.peak_total:
                self.peak, self.peak_total = now, total

    def sample(self) -> Counter[str]:
        """What the sandbox's and the attendees' processes hold now."""
        found: Counter[str] = Counter()
        for pid in _family(os.getpid()) | _family(self._root):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            kilobytes = int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1])  # type: ignore[index]
            found[_kind(words)] += round(kilobytes / 1024)
        return found


def _family(root: int) -> set[int]:
    """A process and all that come from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return family


def _kind(words: list[str]) -> str:
    line = " ".join(words)
    if "tutorial.sandbox.supervisor" in line:
        return "API server, controllers, node, pods' own processes"
    for name in ("envoy", "kubectl", "egress-tutorial"):
        if name in line:
            return name
    return "other"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--attendees", type=int, default=30)
    parser.add_argument("--tutorial", default="externalname")
    parser.add_argument("--parallel", type=int, default=0, help="how many at once; default: all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), options.attendees, options.tutorial, options.parallel or options.attendees)


def _measure(folder: Path, count: int, tutorial: str, parallel: int) -> None:
    teacher = _environment(folder / "teacher")
    _program(teacher, "sandbox", "up")
    try:
        begin = time.perf_counter()
        _program(teacher, "class", "up", "--attendees", str(count), "--output", str(folder / "files"))
        print(f"class up         {time.perf_counter() - begin:6.1f} s")
        files = sorted((folder / "files").iterdir())
        state = folder / "teacher" / "state" / "egress-tutorial" / "sandboxes" / "default" / "state.json"
        pid = int(re.search(r'"pid": ?(\d+)', state.read_text())[1])  # type: ignore[index]
        alone = _run(folder, files[0], tutorial)
        print(f"one run alone    {alone.seconds:6.1f} s, exit code {alone.code}")
        with Memory(pid) as memory, ThreadPoolExecutor(parallel) as pool:
            begin = time.perf_counter()
            outcomes = list(pool.map(lambda file: _run(folder, file, tutorial), files))
            taken = time.perf_counter() - begin
        _report(outcomes, taken, memory)
        begin = time.perf_counter()
        _program(teacher, "class", "down", "--output", str(folder / "files"))
        print(f"class down       {time.perf_counter() - begin:6.1f} s")
    finally:
        _program(teacher, "sandbox", "down")


def _report(outcomes: list[Outcome], taken: float, memory: Memory) -> None:
    passed = [each for each in outcomes if each.code == 0]
    seconds = [each.seconds for each in outcomes]
    print(f"{len(outcomes)} at once       {taken:6.1f} s; {len(passed)} of {len(outcomes)} passed")
    spread = f"{min(seconds):6.1f} to {max(seconds):.1f} s, median {statistics.median(seconds):.1f} s"
    print(f"each             {spread}")
    print(f"memory at most   {memory.peak_total:6.0f} MB")
    for kind, megabytes in memory.peak.most_common():
        print(f"  {megabytes:6.0f} MB {kind}")
    for each in outcomes:
        if each.code:
            print(f"\n{each.attendee}: exit code {each.code}\n{each.output[-2500:]}")


def _run(folder: Path, file: Path, tutorial: str) -> Outcome:
    environment = _environment(folder / file.stem)
    begin = time.perf_counter()
    done = subprocess.run(
        [PROGRAM, "run", tutorial, "--auto", "--kubeconfig", str(file)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(file.stem, done.returncode, time.perf_counter() - begin, done.stdout)


def _environment(home: Path) -> dict[str, str]:
    (home / "state").mkdir(parents=True, exist_ok=True)
    return {
        "PATH": f"{Path(PROGRAM).parent}:/usr/bin:/bin",
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "LANG": "C.UTF-8",
    }


def _program(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([PROGRAM, *arguments], env=environment, check=True, capture_output=True)


if __name__ == "__main__":
    main()
