"""`class`: many attendees on one cluster. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

import click

from tutorial.cli.group import LazyCommand, LazyGroup

_HERE = "tutorial.cli.commands.classroom_commands"
_COMMANDS = {
    "up": LazyCommand(f"{_HERE}:up", "Make namespaces, rights and a kubeconfig file for each attendee."),
    "status": LazyCommand(f"{_HERE}:status", "Show where each attendee is."),
    "down": LazyCommand(f"{_HERE}:down", "Remove all of it."),
}


@click.group(
    "class",
    cls=LazyGroup,
    commands_at=_COMMANDS,
    examples=(
        ("egress-tutorial class up --attendees 30 --context kind", "prepare a cluster for thirty"),
        ("egress-tutorial run externalname --kubeconfig egress-07.kubeconfig", "what an attendee types"),
        ("egress-tutorial class down --context kind", "remove everything again"),
    ),
)
def classroom() -> None:
    """Let many attendees work on one cluster, each in two namespaces of their own."""
