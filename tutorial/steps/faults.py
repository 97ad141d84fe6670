"""A fault: something wrong in a step file or a tutorial.yaml, where it is, and what to write.

Collected by the loader and lint; shown by `egress-tutorial lint` and in StepFileError.
"""

from __future__ import annotations

from dataclasses import dataclass

from tutorial.steps.model import Location


@dataclass(frozen=True)
class Fault:
    """`what` is wrong at `location`; `write` says what to write instead (may be empty)."""

    location: Location
    what: str
    write: str = ""

    def __str__(self) -> str:
        return f"{self.location}: {self.what}" + (f"; {self.write}" if self.write else "")
