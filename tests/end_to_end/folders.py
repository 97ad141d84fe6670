"""Tutorials of the end-to-end tests' own, written to disk. They need no cluster."""

from __future__ import annotations

from pathlib import Path


def write_tutorial(folder: Path, *steps: str, heading: str = "requires: none\n") -> Path:
    """A tutorial of these step files, named `step-1`, `step-2` and so on; its folder."""
    folder.mkdir(parents=True)
    (folder / "tutorial.yaml").write_text(f"title: Of my own\n{heading}")
    for number, step in enumerate(steps, 1):
        (folder / f"{number}0-step-{number}.yaml").write_text(step)
    return folder
