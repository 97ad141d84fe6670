"""What the shell may complete: names of tutorials and of runs. Used by `tutorial.cli.commands`."""

from __future__ import annotations

import click

from tutorial.errors import TutorialError
from tutorial.ui.environment import Environment


def complete_tutorial(
    context: click.Context,  # noqa: ARG001 (click's form)
    parameter: click.Parameter,  # noqa: ARG001
    incomplete: str,
) -> list[str]:
    """The bundled tutorials that begin with what was typed."""
    from tutorial.steps.loader import bundled_tutorials

    return [folder.name for folder in bundled_tutorials() if folder.name.startswith(incomplete)]


def complete_run(
    context: click.Context,  # noqa: ARG001
    parameter: click.Parameter,  # noqa: ARG001
    incomplete: str,
) -> list[str]:
    """The runs that are not over and begin with what was typed."""
    from tutorial.app import status

    try:
        runs = status(Environment.resolve())
    except TutorialError:
        return []
    return [run.run_id for run in runs if run.run_id.startswith(incomplete)]
