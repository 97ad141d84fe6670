"""What several commands take: `--set`, and names of tutorials and runs that the shell may complete.

Used by `tutorial.cli.commands`.
"""

from __future__ import annotations

import re

import click

from tutorial.errors import TutorialError, UsageError
from tutorial.ui.environment import Environment

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_settings(
    context: click.Context,  # noqa: ARG001 (click's form)
    parameter: click.Parameter,  # noqa: ARG001
    values: tuple[str, ...],
) -> dict[str, str]:
    """`NAME=VALUE` options as a mapping; the last of a name counts."""
    settings: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise UsageError(
                f"--set cannot read {value!r}.", do="Write NAME=VALUE: --set NAMESPACE=my-namespace"
            )
        settings[name] = text
    return settings


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
