"""A click group that imports a command only when it is run, and commands whose help ends in examples.

Used by `tutorial.cli.program` and `tutorial.cli.commands.sandbox`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True)
class LazyCommand:
    """Where a command is (`module:attribute`) and its line in the group's help."""

    place: str
    help: str

    def load(self) -> click.Command:
        module, attribute = self.place.split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


class ExamplesMixin(click.Command):
    """Ends its help in examples. They are (command line, what it does)."""

    def __init__(self, *args: Any, examples: tuple[tuple[str, str], ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples where click writes the epilog."""
        if self.examples:
            with formatter.section("Examples"):
                for line, does in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
                    formatter.write(f"{'':>{formatter.current_indent + 4}}{does}\n")
        super().format_epilog(ctx, formatter)


class ExamplesCommand(ExamplesMixin):
    """A command whose help ends in examples."""


class LazyGroup(ExamplesMixin, click.Group):
    """A group of commands that are imported when they are run; its help imports none of them."""

    def __init__(self, *args: Any, commands_at: Mapping[str, LazyCommand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's form)
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        lazy = self._commands_at.get(cmd_name)
        return lazy.load() if lazy else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands with the help that is known without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in self._commands_at.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a mistyped one gets a suggestion."""
        name = args[0]
        if name in self._commands_at or name.startswith("-"):
            return super().resolve_command(ctx, args)
        raise click.UsageError(f"There is no command {name!r}.{suggestion(name, self._commands_at)}", ctx)


def suggestion(name: str, known: Mapping[str, object] | list[str]) -> str:
    """` Did you mean run?` for a name that resembles a known one, else nothing."""
    import difflib

    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else ""
