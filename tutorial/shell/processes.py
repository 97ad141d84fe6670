"""The machine's processes, as /proc tells of them. Used by `leftovers` and `command_record`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


class Process:
    """One line of /proc/PID/stat, as far as it matters here (proc_pid_stat(5))."""

    def __init__(self, stat: str) -> None:
        fields = stat.rpartition(")")[2].split()
        self.is_zombie = fields[0] in "ZX"
        self.parent = int(fields[1])
        self.session = int(fields[3])
        self.started = int(fields[19])


def find_process(pid: int) -> Process | None:
    """The process, or None when it is gone."""
    try:
        return Process((_PROC / str(pid) / "stat").read_text(errors="replace"))
    except OSError:
        return None


def process_table() -> Iterator[tuple[int, Process]]:
    """Every process by its pid; none where there is no /proc."""
    if not _PROC.is_dir():
        return
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (process := find_process(int(entry.name))):
            yield int(entry.name), process


def started(pid: int) -> int:
    """When the process started, in clock ticks since the machine did; -1 if it is gone."""
    process = find_process(pid)
    return process.started if process else -1
