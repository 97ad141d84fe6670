"""The same tests once more without privileges, when root runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_NOBODY = 65534
_ROOM = Path(__file__).parent
_PROJECT = _ROOM.parents[2]


@pytest.mark.sandbox
@pytest.mark.skipif(os.geteuid() != 0, reason="already an ordinary user")
def test_all_of_it_without_privileges() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, _NOBODY, _NOBODY)
        tests = [str(path) for path in sorted(_ROOM.glob("test_*.py")) if path != Path(__file__)]
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "--basetemp",
                f"{folder}/t",
                *tests,
            ],
            cwd=_PROJECT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(_PROJECT), "HOME": folder, "TMPDIR": folder},
            user=_NOBODY,
            group=_NOBODY,
            extra_groups=[],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-4000:]
