"""`version`: prints the version. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

import click

from tutorial.cli.group import ExamplesCommand


@click.command(cls=ExamplesCommand, examples=(("egress-tutorial version", "print the version"),))
def version() -> None:
    """Print the program's version, and Python's."""
    import platform

    from tutorial import __version__

    click.echo(f"egress-tutorial {__version__}, Python {platform.python_version()}")
