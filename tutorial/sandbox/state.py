"""What a sandbox says about itself in `state.json`: written by the supervisor, read from outside.

Used by `tutorial.sandbox.supervisor` and `tutorial.sandbox.lifecycle`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class SandboxState:
    """`pid` is the supervisor's; `port` the API's on loopback; `started` is seconds since the
    epoch; `kept` is false while the sandbox dies with the process that started it."""

    name: str
    pid: int
    port: int
    context: str
    started: float
    kept: bool


def server_url(port: int) -> str:
    """Where the API server is for kubectl."""
    return f"https://127.0.0.1:{port}"


def read_state(folder: Path) -> SandboxState | None:
    """What the supervisor wrote last, or None when there is nothing readable."""
    try:
        return SandboxState(**json.loads((folder / "state.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_state(folder: Path, state: SandboxState) -> None:
    """Replace `state.json` in one step."""
    temporary = folder / "state.json.new"
    temporary.write_text(json.dumps(asdict(state)))
    temporary.replace(folder / "state.json")
