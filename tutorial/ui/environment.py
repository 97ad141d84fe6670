"""The process's streams and what the surroundings say about them, resolved once.

Made by `tutorial.cli`; handed to every view and prompt, so that tests can put another in its place.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TextIO

USUAL_COLUMNS = 80
DUMB_TERMINALS = frozenset({"dumb", "unknown"})
"""Values of TERM for terminals that can only append lines."""


@dataclass(frozen=True)
class Environment:
    """Streams, what they are, and what the user asked for through variables.

    `plain` asks for append-only lines (`--plain`, ACCESSIBLE, a dumb TERM); `colour` is false with
    NO_COLOR, in plain mode and off a terminal.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    variables: Mapping[str, str]
    stdin_is_terminal: bool
    stdout_is_terminal: bool
    stderr_is_terminal: bool
    plain: bool
    colour: bool

    @classmethod
    def resolve(
        cls,
        *,
        plain: bool = False,
        variables: Mapping[str, str] | None = None,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> Environment:
        """Look once at the streams (the process's own by default) and the variables."""
        variables = os.environ if variables is None else variables
        stdin, stdout, stderr = stdin or sys.stdin, stdout or sys.stdout, stderr or sys.stderr
        plain = plain or _is_set(variables, "ACCESSIBLE") or variables.get("TERM") in DUMB_TERMINALS
        return cls(
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            variables=dict(variables),
            stdin_is_terminal=_is_terminal(stdin),
            stdout_is_terminal=_is_terminal(stdout),
            stderr_is_terminal=_is_terminal(stderr),
            plain=plain,
            colour=not plain and not variables.get("NO_COLOR"),
        )

    def with_plain(self) -> Environment:
        """The same, with append-only lines."""
        return replace(self, plain=True, colour=False)

    def view_stream(self, *, data_on_stdout: bool) -> TextIO:
        """Where the view goes: stderr when stdout carries data (`-o jsonl`), stdout otherwise."""
        return self.stderr if data_on_stdout else self.stdout

    def is_terminal(self, stream: TextIO) -> bool:
        """Whether this stream of ours is a terminal."""
        if stream is self.stderr:
            return self.stderr_is_terminal
        return stream is self.stdout and self.stdout_is_terminal

    def can_ask(self, *, data_on_stdout: bool = False) -> bool:
        """Whether a person can be asked: keys come from a terminal and questions go to one."""
        return self.stdin_is_terminal and self.is_terminal(self.view_stream(data_on_stdout=data_on_stdout))

    def columns(self, stream: TextIO) -> int | None:
        """How wide the terminal is that this stream of ours writes to; None when that is none."""
        if not self.is_terminal(stream):
            return None
        with suppress(OSError, ValueError):
            return os.get_terminal_size(stream.fileno()).columns or USUAL_COLUMNS
        return USUAL_COLUMNS


def _is_set(variables: Mapping[str, str], name: str) -> bool:
    return variables.get(name, "").lower() not in ("", "0", "false", "no")


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False
