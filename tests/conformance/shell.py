"""Runs commands as a user of the sandbox would, and makes two runs' outputs comparable."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 30
_VARYING = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", "TIME"),
    (r'(resourceVersion"?: ?"?)\d+', r"\1REVISION"),
    (r"\b10\.96\.(?!0\.1\b)\d+\.\d+\b", "CLUSTER-IP"),
    (r"\b10\.244\.\d+\.\d+\b", "POD-IP"),
    (r"\b([a-z]+)-[0-9a-f]{8,10}-[a-z0-9]{5}\b", r"\1-POD"),
    (r"\b([a-z]+)-[0-9a-f]{8,10}\b", r"\1-SET"),
    (r"\b(web|auto|plain|again)-[bcdfghjklmnpqrstvwxz2456789]{5}\b", r"\1-RANDOM"),
    (r"\bFoo_[a-z0-9]{5}\b", "Foo_RANDOM"),
    (r"\b3\d{4}/TCP", "NODE-PORT/TCP"),
    (r"(?<![\w.-])(\d+[smhd])+(?![\w.-])", "AGE"),
    (r"[ \t]+", " "),
    (r" +$", ""),
)
_RULES = tuple((re.compile(pattern, re.MULTILINE), name) for pattern, name in _VARYING)


@dataclass(frozen=True)
class Answer:
    """Both streams of a command, as they came, and its exit code."""

    text: str
    code: int


class Shell:
    """A folder with a kubeconfig that the commands may change."""

    def __init__(self, folder: Path, kubeconfig: Path, kubectl: str) -> None:
        self.folder = folder
        programs = folder / "bin"
        programs.mkdir()
        (programs / "kubectl").symlink_to(Path(kubectl).resolve())
        config = shutil.copy(kubeconfig, folder / "kubeconfig")
        self._env = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "KUBECONFIG": str(config),
            "KUBERC": "off",
            "LC_ALL": "C",
        }

    def run(self, command: str) -> Answer:
        """Run one bash command in the folder."""
        done = subprocess.run(
            ["bash", "-c", command],
            env=self._env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return Answer(done.stdout, done.returncode)


def comparable(text: str) -> str:
    """The text without what differs from run to run: ids, times, ages, given addresses and names."""
    for pattern, name in _RULES:
        text = pattern.sub(name, text)
    return text.strip("\n")
