"""What a check before a run found out about one thing. Pure data; made by the checks of this room and
of `tutorial.cli.doctor`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal["pass", "warn", "fail", "unknown"]


@dataclass(frozen=True)
class Finding:
    """`why` says what was seen; `do` is the way out, for what did not pass. `needed` is false for
    what only makes the work easier or explains another finding: it never fails the whole."""

    name: str
    state: State
    why: str
    do: str = ""
    needed: bool = True


def obstacles(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that would make a run fail."""
    return [finding for finding in findings if finding.needed and finding.state == "fail"]
