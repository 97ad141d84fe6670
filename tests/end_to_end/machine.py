"""A user's machine for the end-to-end tests: the real program with folders of its own, and what is
left on it afterwards. Used by `tests/end_to_end/conftest.py`.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
PROGRAM = str(BIN / "egress-tutorial")
KUBECTL = str(BIN / "kubectl")

KINDS = (
    "namespaces,serviceaccounts,services,deployments,replicasets,pods,endpointslices,configmaps,"
    "secrets,destinationrules"
)
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Machine:
    """The folders of a user. `home` and `temporary` must stay empty, whatever is run; `others` are
    processes of other tests, which are not looked at."""

    folder: Path
    others: frozenset[str] = frozenset()

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def runs(self) -> Path:
        return self.state / "egress-tutorial" / "runs"

    @property
    def sandboxes(self) -> Path:
        return self.state / "egress-tutorial" / "sandboxes"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{BIN}:/usr/bin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "XDG_STATE_HOME": str(self.state),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }

    def make(self) -> None:
        for folder in (self.home, self.state, self.temporary):
            folder.mkdir()

    def run(
        self, *arguments: str, seconds: float = 120, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """The program without a terminal, to its end."""
        return subprocess.run(
            [PROGRAM, *arguments],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=self.home,
            check=False,
        )

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """The program without a terminal; its output goes into one pipe."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.home,
        )

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """kubectl against the sandbox that is up; its stdout."""
        done = subprocess.run(
            [KUBECTL, *arguments],
            env={
                **self.environment,
                "KUBECONFIG": str(self.sandboxes / "default" / "kubeconfig"),
                "KUBECACHEDIR": str(self.folder / "kubectl-cache"),
            },
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def objects(self) -> dict[str, str]:
        """Every object of the sandbox that is up, in all namespaces, and its uid."""
        items = json.loads(self.kubectl("get", KINDS, "-A", "-o", "json"))["items"]
        return {_name(item): item["metadata"]["uid"] for item in items}

    def wait_for_objects(self, expected: Mapping[str, str], seconds: float = 10) -> None:
        """Wait until the sandbox holds exactly these objects."""
        wait_until(lambda: self.objects() == expected, seconds)
        assert self.objects() == expected

    def wait_for_object(self, name: str, seconds: float = 30) -> None:
        assert wait_until(lambda: name in self.objects(), seconds), f"{name} did not appear"

    def assert_nothing_left(self, seconds: float = 5) -> None:
        """No process, no sandbox, and no file outside the state folder."""
        self.assert_nothing_left_running(seconds)
        folders = (
            [entry for entry in self.sandboxes.iterdir() if entry.is_dir()] if self.sandboxes.is_dir() else []
        )
        assert folders == []
        self.assert_no_file_outside()

    def assert_nothing_left_running(self, seconds: float = 5) -> None:
        """No process, and with them no namespace."""
        wait_until(lambda: set(descendants()) <= self.others, seconds)
        assert set(descendants()) - self.others == set()

    def assert_no_file_outside(self) -> None:
        assert list(self.home.iterdir()) == []
        assert list(self.temporary.iterdir()) == []


def _name(item: dict[str, object]) -> str:
    metadata = item["metadata"]
    assert isinstance(metadata, dict)
    namespace = f"@{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{str(item['kind']).lower()}/{metadata['name']}{namespace}"


def wait_until(holds: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether it held before the time was over."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def adopt_orphans() -> None:
    """Become the parent of every orphan among this process's descendants, so that none can hide."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def reap_orphans() -> None:
    """Take the exit status of every descendant that has ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def descendants() -> list[str]:
    """The command lines of the processes that come from this one and are still alive."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if state not in "ZX":
            parents[int(entry.name)] = (int(parent), words)
    return [f"{pid} {words}" for pid, (_, words) in parents.items() if _comes_from(pid, os.getpid(), parents)]


def _comes_from(pid: int, ancestor: int, parents: Mapping[int, tuple[int, str]]) -> bool:
    while pid in parents:
        pid = parents[pid][0]
        if pid == ancestor:
            return True
    return False
