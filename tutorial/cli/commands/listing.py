"""`list`: the bundled tutorials. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

import json

import click

from tutorial.cli.group import ExamplesCommand
from tutorial.cli.hanging import hanging
from tutorial.ui.environment import Environment


@click.command(
    name="list",
    cls=ExamplesCommand,
    examples=(
        ("egress-tutorial list", "what there is to run"),
        ("egress-tutorial list -o json", "the same for programs"),
    ),
)
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print JSON.")
@click.pass_obj
def list_tutorials(environment: Environment, output: str | None) -> None:
    """List the tutorials that come with the program."""
    from tutorial.steps.conditions import counted_steps
    from tutorial.steps.loader import bundled_tutorials, load_tutorial

    tutorials = [load_tutorial(path) for path in bundled_tutorials()]
    if output == "json":
        data = [
            {
                "name": tutorial.name,
                "title": tutorial.title,
                "summary": tutorial.summary,
                "steps": len(counted_steps(tutorial)),
                "requires": tutorial.requires,
            }
            for tutorial in tutorials
        ]
        click.echo(json.dumps(data, indent=2))
        return
    columns = environment.columns(environment.stdout)
    for tutorial in tutorials:
        steps = counted_steps(tutorial)
        minutes = round(sum(step.minutes for step in steps))
        size = f"{len(steps)} steps, about {minutes} minutes" if minutes else f"{len(steps)} steps"
        click.echo(hanging(f"{tutorial.name}  ", tutorial.title, columns))
        if tutorial.summary:
            click.echo(hanging("  ", tutorial.summary, columns))
        click.echo(f"  {size}: egress-tutorial run {tutorial.name}")
