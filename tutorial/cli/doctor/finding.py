"""What `doctor` found out about one thing. Pure data; made by the checks of `tutorial.cli.doctor`."""

from __future__ import annotations

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
