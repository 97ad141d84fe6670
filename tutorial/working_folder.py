"""The working folder of a run's commands: the tutorial's files in it, and what commands read from it.

Called by `tutorial.app` and `tutorial.wiring`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tutorial.errors import JournalError
from tutorial.steps.model import Tutorial
from tutorial.steps.substitute import fill

_LARGEST_FILE = 1_000_000
"""Bytes of a manifest that are looked at, at most, to recognise what a command sent."""


def lay_out_files(tutorial: Tutorial, work: Path, settings: Mapping[str, str]) -> None:
    """Copy the tutorial's files into the working folder, under their folder's own name, so that
    documented paths (`samples/...`) work; `${NAME}` of one of `settings` gets its value there.
    Raises JournalError when that cannot be written."""
    if tutorial.files is None:
        return

    def copy(source: str, target: str) -> None:
        content = Path(source).read_bytes()
        with suppress(UnicodeDecodeError):  # what is no text is copied as it is
            content = fill(content.decode(), settings).encode()
        Path(target).write_bytes(content)
        shutil.copymode(source, target)

    try:
        shutil.copytree(tutorial.files, work / tutorial.files.name, dirs_exist_ok=True, copy_function=copy)
    except (OSError, shutil.Error) as error:
        raise JournalError(f"{work} cannot be written.", why=str(error)) from None


def reader(work: Path) -> Callable[[str], str]:
    """Reads files that commands name, relative to the working folder."""

    def read(path: str) -> str:
        try:
            with (work / path).open("rb") as file:
                return file.read(_LARGEST_FILE).decode(errors="replace")
        except (OSError, ValueError):
            return ""

    return read
