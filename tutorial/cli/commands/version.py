"""`version`: prints the version. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

import click

from tutorial.cli.group import ExamplesCommand


@click.command(cls=ExamplesCommand, examples=(("egress-tutorial version", "print the version"),))
def version() -> None:
    """Print the program's version, and Python's."""
    import platform
    from importlib import metadata

    click.echo(f"egress-tutorial {metadata.version('egress-tutorial')}, Python {platform.python_version()}")
