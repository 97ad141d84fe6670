"""`lint`: checks step files. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

from pathlib import Path

import click

from tutorial.cli.group import ExamplesCommand
from tutorial.errors import StepFileError


@click.command(
    cls=ExamplesCommand,
    examples=(
        ("egress-tutorial lint ./my-tutorial", "check a folder of steps of your own"),
        ("egress-tutorial lint", "check the tutorials that come with the program"),
    ),
)
@click.argument("path", required=False)
def lint(path: str | None) -> None:
    """Check the step files of PATH (a folder, or a name from `list`); exit 3 with all faults."""
    from tutorial.steps.lint import lint_tutorial
    from tutorial.steps.loader import bundled_tutorials, find_tutorial

    folders = [find_tutorial(path)] if path else list(bundled_tutorials())
    faults = {fault: None for folder in folders for fault in lint_tutorial(folder)}
    if faults:
        count = f"{len(faults)} fault{'' if len(faults) == 1 else 's'}"
        raise StepFileError("\n".join([f"{count} found.", *map(str, faults)]))
    click.echo(f"No fault in {', '.join(_name(folder) for folder in folders)}.")


def _name(folder: Path) -> str:
    return folder.resolve().name
