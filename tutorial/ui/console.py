"""The rich console of the terminal view, told what the surroundings are instead of guessing.

Made by `tutorial.app` through `open_console`; a test or a tool may hand any rich Console to the
view in its place.
"""

from __future__ import annotations

from typing import NoReturn, TextIO

from rich.console import Console

from tutorial.ui.environment import Environment


class ViewConsole(Console):
    """A console whose broken pipe is an OSError for the engine, not the end of the process."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError("the reader of this output has gone")


def open_console(environment: Environment, stream: TextIO) -> Console:
    """A console on `stream`: nothing is parsed as markup, and FORCE_COLOR changes nothing."""
    return ViewConsole(
        file=stream,
        force_terminal=environment.is_terminal(stream),
        no_color=not environment.colour,
        markup=False,
        highlight=False,
        emoji=False,
    )
