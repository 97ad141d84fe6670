"""A fault: something wrong in a step file or a tutorial.yaml, where it is, and what to write.

Collected by the loader and lint; shown by `egress-tutorial lint` and in StepFileError.
"""

from __future__ import annotations

from dataclasses import dataclass

from tutorial.steps.model import Location

MAX_WHAT = 300
"""Characters of `what` that are shown: it may quote a text of the file."""


@dataclass(frozen=True)
class Fault:
    """`what` is wrong at `location`; `write` says what to write instead (may be empty)."""

    location: Location
    what: str
    write: str = ""

    def __str__(self) -> str:
        """One line, whatever the file holds."""
        what = self.what if len(self.what) <= MAX_WHAT else f"{self.what[:MAX_WHAT]}..."
        line = f"{self.location}: {what}" + (f"; {self.write}" if self.write else "")
        return line.replace("\n", "\\n")
