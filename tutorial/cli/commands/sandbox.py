"""`sandbox`: keep a sandbox between runs. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

import click

from tutorial.cli.group import LazyCommand, LazyGroup

_HERE = "tutorial.cli.commands.sandbox_commands"
_COMMANDS = {
    "up": LazyCommand(f"{_HERE}:up", "Start it; every later run uses it."),
    "status": LazyCommand(f"{_HERE}:status", "Say whether it is up, and how to reach it."),
    "env": LazyCommand(f"{_HERE}:env", "Print the lines that point your shell's kubectl to it."),
    "shell": LazyCommand(f"{_HERE}:shell", "Open your shell with kubectl pointing to it."),
    "reset": LazyCommand(f"{_HERE}:reset", "Empty it: take it down and start it again."),
    "down": LazyCommand(f"{_HERE}:down", "Take it down with everything in it."),
}


@click.group(
    cls=LazyGroup,
    commands_at=_COMMANDS,
    examples=(
        ("egress-tutorial sandbox up", "start a cluster to keep"),
        ('eval "$(egress-tutorial sandbox env)"', "let kubectl in this shell use it"),
        ("egress-tutorial sandbox down", "take it down"),
    ),
)
def sandbox() -> None:
    """Keep a sandbox: a small Kubernetes with an Istio-like mesh on this machine."""
