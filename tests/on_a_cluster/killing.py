"""Kills runs at random moments and puts everything back, many at a time.

Used by `tests/on_a_cluster/test_kills.py`. Each worker has a user, two namespaces and a source of random
numbers of its own.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from end_to_end.machine import Machine
from on_a_cluster.cluster import INJECTION, Cluster, Namespaces
from on_a_cluster.forked_program import Ended, ForkedProgram

SIGNALS = (signal.SIGKILL,) * 3 + (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
ENDS = {
    signal.SIGKILL: (-9,),
    signal.SIGTERM: (143, -15),
    signal.SIGINT: (130, -2, 5),
    signal.SIGHUP: (129, -1),
}
"""How a run ends that gets the signal: by itself, or of it where it had not begun yet. A Ctrl-C stops
a rollback, which then says what is left (5)."""

CHANCE_OF_BUNDLED = 0.03
CHANCE_OF_RESUME = 0.15
CHANCE_OF_KILLED_ROLLBACK = 0.2
FIRST_GUESS_SECONDS = {"small": 1.5, "bundled": 6.0}


@dataclass
class Count:
    """How many kills are wanted, and what came of them; shared by all workers."""

    wanted: int
    kills: dict[str, int] = field(default_factory=dict)
    whole_runs: int = 0
    failures: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def goes_on(self) -> bool:
        return not self.failures and sum(self.kills.values()) < self.wanted

    def note(self, what: str) -> None:
        with self._lock:
            self.kills[what] = self.kills.get(what, 0) + 1

    def note_whole_run(self) -> None:
        with self._lock:
            self.whole_runs += 1

    def fail(self, text: str) -> None:
        with self._lock:
            self.failures.append(text)


class Worker:
    """Runs, kills and puts back, again and again."""

    def __init__(
        self, cluster: Cluster, folder: Path, lesson: Path, count: Count, chance: random.Random
    ) -> None:
        self._cluster = cluster.another_client()
        self._lesson = lesson
        self._count = count
        self._chance = chance
        self._machine = Machine(folder)
        self._seconds = dict(FIRST_GUESS_SECONDS)
        self._told: list[str] = []

    def work(self) -> None:
        """Until enough was killed, or something is not as it was."""
        self._machine.folder.mkdir()
        self._machine.make()
        with self._in_namespaces() as namespaces, ForkedProgram(self._machine) as program:
            self._program = program
            before = self._cluster.snapshot(lambda name: name in namespaces)
            while self._count.goes_on():
                self._told = []
                try:
                    self._one_round(namespaces)
                    self._cluster.assert_as_before(before, lambda name: name in namespaces)
                except Exception as error:
                    self._count.fail("\n".join([*self._told, repr(error), *self._last_journal()]))
        self._cluster.close()

    def _last_journal(self) -> list[str]:
        journals = self._machine.runs.glob("*/journal.jsonl")
        last = max(journals, key=lambda path: path.stat().st_mtime, default=None)
        return ["The last journal:", last.read_text()] if last else []

    @contextmanager
    def _in_namespaces(self) -> Iterator[Namespaces]:
        namespaces = self._cluster.make_namespaces(INJECTION)
        yield namespaces
        self._cluster.remove_namespaces(namespaces)

    def _one_round(self, namespaces: Namespaces) -> None:
        """A run that is killed; perhaps a resume of it, and its rollback, that are killed, too."""
        kind = "bundled" if self._chance.random() < CHANCE_OF_BUNDLED else "small"
        tutorial = "externalname" if kind == "bundled" else str(self._lesson)
        where = (*self._cluster.arguments, *namespaces.settings)
        cut_off = self._kill(kind, ("run", tutorial, "--auto", "--trust", *where))
        if cut_off and self._chance.random() < CHANCE_OF_RESUME:
            cut_off = self._kill(kind, ("resume", "--auto", "--trust"))
        if cut_off and self._chance.random() < CHANCE_OF_KILLED_ROLLBACK:
            self._kill("rollback", ("rollback",))
        done = self._run("rollback")
        assert done.code == 0, f"the rollback ended with {done.code}"

    def _kill(self, kind: str, arguments: tuple[str, ...]) -> bool:
        """Start the command and send it a signal at a random moment of its usual time; whether that
        cut it off, so that it could end nothing itself."""
        usual = self._seconds.setdefault(kind, 0.5)
        number = self._chance.choice(SIGNALS)
        moment = self._chance.uniform(0, 1.1) * usual
        self._tell(f"{' '.join(arguments)}: {number.name} after {moment:.3f} s")
        began = time.monotonic()
        started = self._program.start(*arguments, environment=self._machine.environment)
        time.sleep(moment)
        started.send(number)
        ended = started.wait()
        seconds = time.monotonic() - began
        self._tell_of(ended)
        assert "Traceback" not in ended.output
        if ended.code in ENDS[number]:
            self._count.note(f"{kind} {number.name}")
            return ended.code in (-signal.SIGKILL, 5)
        if arguments[0] == "resume" and ended.code == 2:  # it had been cut off before its first step
            return False
        assert ended.code == 0 or kind == "rollback", f"the command ended with {ended.code}"
        self._count.note_whole_run()
        self._seconds[kind] = 0.5 * usual + 0.5 * seconds
        return False

    def _run(self, *arguments: str) -> Ended:
        self._tell(" ".join(arguments))
        ended = self._program.start(*arguments, environment=self._machine.environment).wait()
        self._tell_of(ended)
        assert "Traceback" not in ended.output
        return ended

    def _tell(self, text: str) -> None:
        self._told.append(f"$ egress-tutorial {text}")

    def _tell_of(self, ended: Ended) -> None:
        self._told += [f"exit code {ended.code}", ended.output]


def kill_many(cluster: Cluster, folder: Path, lesson: Path, *, kills: int, workers: int, seed: int) -> Count:
    """Kill so many runs; stops at the first that harmed or left something."""
    count = Count(kills)
    with ThreadPoolExecutor(workers) as pool:
        futures = [
            pool.submit(
                Worker(cluster, folder / str(number), lesson, count, random.Random(f"{seed} {number}")).work
            )
            for number in range(workers)
        ]
        for future in futures:
            future.result()
    return count
