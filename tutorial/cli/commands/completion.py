"""`completion`: prints a shell's completion script. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

import click

from tutorial.cli.group import ExamplesCommand
from tutorial.cli.program import PROGRAM

_VARIABLE = "_EGRESS_TUTORIAL_COMPLETE"
"""click reads this variable when the script asks what may follow."""


@click.command(
    cls=ExamplesCommand,
    examples=(
        ('eval "$(egress-tutorial completion bash)"', "in ~/.bashrc"),
        ("egress-tutorial completion fish | source", "in ~/.config/fish/config.fish"),
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL, for its start file."""
    from click.shell_completion import get_completion_class

    made_for = get_completion_class(shell)
    if made_for is not None:
        click.echo(made_for(context.find_root().command, {}, PROGRAM, _VARIABLE).source())
