"""`status`: the runs that are not over. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tutorial.cli.group import ExamplesCommand

if TYPE_CHECKING:
    from tutorial.app import RunStatus


@click.command(
    cls=ExamplesCommand,
    examples=(
        ("egress-tutorial status", "which runs are alive, kept or cut off"),
        ("egress-tutorial status -o json", "the same for programs"),
    ),
)
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print JSON.")
@click.pass_context
def status(context: click.Context, output: str | None) -> None:
    """Show the runs that are not over, and what each of them has left in its cluster."""
    from tutorial import app

    runs = app.status(context.obj)
    if output == "json":
        click.echo(json.dumps([asdict(run) for run in runs], indent=2))
        return
    damaged = app.unreadable_runs(context.obj)
    for error in damaged:
        click.echo(f"{error.what} {error.why}\n  {error.do}")
    if not runs and not damaged:
        click.echo("No run is alive, kept or cut off. Start one: egress-tutorial run externalname")
    for run in runs:
        click.echo("\n".join(_lines(run)))


def _lines(run: RunStatus) -> list[str]:
    """One run for a person, with what can be done about it."""
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started))
    lines = [
        f"{run.run_id}  {run.state}  [{run.backend_label}]  {run.tutorial}"
        + (f"  process {run.process}" if run.process else ""),
        f"  started {started}, at step {run.step or '(none begun)'}",
    ]
    if run.objects:
        lines.append(f"  there: {', '.join(run.objects)}")
    if run.state != "running":
        lines.append(f"  go on: egress-tutorial resume {run.run_id}")
        lines.append(f"  undo:  egress-tutorial rollback {run.run_id}")
    return lines
