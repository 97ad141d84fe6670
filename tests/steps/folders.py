"""A tutorial's folder that a test writes. Used by the tests of this room."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from tutorial.errors import StepFileError
from tutorial.steps.loader import load_tutorial


class Folder:
    """A tutorial below a temporary path. `faults` loads it; each fault without the path before it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.write("tutorial.yaml", "title: Mine\nvariables: {NAMESPACE: default}\n")

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return file

    def faults(self) -> list[str]:
        try:
            load_tutorial(self.path)
        except StepFileError as error:
            return [line.removeprefix(f"{self.path.resolve()}/") for line in error.what.splitlines()]
        return []

    def step_faults(self, text: str | bytes) -> list[str]:
        """The faults of a tutorial whose only step is `text`, without the file's name."""
        self.write("10-only.yaml", text)
        return [line.removeprefix("10-only.yaml:") for line in self.faults()]
