"""The answers of a recorded Kubernetes control plane, where a copy of them lies beside the checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tutorial.sandbox.lifecycle import Sandbox

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "golden"


@pytest.mark.sandbox
@pytest.mark.skipif(not (RECORDED / "golden.py").exists(), reason="no recorded answers here")
def test_all_recorded_answers(sandbox: Sandbox, kubectl: str) -> None:
    checked = subprocess.run(
        [
            sys.executable,
            str(RECORDED / "golden.py"),
            "check",
            str(RECORDED / "kubernetes-1.36.yaml"),
            "--kubeconfig",
            str(sandbox.kubeconfig),
            "--kubectl",
            kubectl,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
