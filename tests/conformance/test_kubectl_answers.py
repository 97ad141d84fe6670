"""The answers to kubectl, as tables: `cases/*.yaml` lists commands and what Kubernetes 1.36 prints.

The commands of a file run in order in a namespace of their own, because later ones build on what
earlier ones made; each file is one test. `prints` is standard output and error together.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
import yaml
from conformance.shell import Shell, comparable

CASES = Path(__file__).with_name("cases")


@pytest.mark.sandbox
@pytest.mark.parametrize("file", sorted(CASES.glob("*.yaml")), ids=lambda file: file.stem)
def test_answers(file: Path, shell: Shell) -> None:
    namespace = "cases-" + file.stem.replace("_", "-")
    shell.run(f"kubectl create namespace {namespace}")
    shell.run(f"kubectl config set-context --current --namespace={namespace}")
    differing = [found for case in yaml.safe_load(file.read_text()) if (found := _difference(case, shell))]
    assert not differing, "\n\n" + "\n\n".join(differing)


def _difference(case: dict[str, Any], shell: Shell) -> str:
    answer = shell.run(case["run"])
    wanted = [*comparable(case.get("prints", "")).splitlines(), f"exit code {case.get('exit', 0)}"]
    found = [*comparable(answer.text).splitlines(), f"exit code {answer.code}"]
    lines = difflib.unified_diff(wanted, found, "Kubernetes", "the sandbox", lineterm="", n=1)
    text = "\n".join(lines)
    return f"$ {case['run'].strip()}\n{text}" if text else ""
