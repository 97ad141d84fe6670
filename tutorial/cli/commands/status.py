"""`status`: the runs that are not over. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tutorial.cli.group import ExamplesCommand
from tutorial.cli.hanging import hanging
from tutorial.text.escapes import safe_text
from tutorial.ui.environment import Environment

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
@click.pass_obj
def status(environment: Environment, output: str | None) -> None:
    """Show the runs that are not over, and what each of them has left in its cluster."""
    from tutorial import app

    runs = app.status(environment)
    if output == "json":
        click.echo(json.dumps([asdict(run) for run in runs], indent=2))
        return
    damaged = app.unreadable_runs(environment)
    columns = environment.columns(environment.stdout)
    for error in damaged:
        click.echo(hanging("", f"{error.what} {error.why}", columns))
        click.echo(f"  {error.do}")
    if not runs and not damaged:
        click.echo("No run is alive, kept or cut off. Start one: egress-tutorial run externalname")
    for run in runs:
        click.echo(safe_text("\n".join(_lines(run, columns))))


def _lines(run: RunStatus, columns: int | None) -> list[str]:
    """One run for a person, with what can be done about it."""
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started))
    lines = [
        f"{run.run_id}  {run.state}  [{run.backend_label}]  {run.tutorial}"
        + (f"  process {run.process}" if run.process else ""),
        f"  started {started}, at step {run.step or '(none begun)'}",
    ]
    if run.objects:
        lines.append(hanging("  there: ", ", ".join(run.objects), columns))
    if run.set_aside:
        lines.append(hanging("  to be put back: ", ", ".join(run.set_aside), columns))
    if run.state != "running":
        lines.append(f"  go on: egress-tutorial resume {run.run_id}")
        lines.append(f"  undo:  egress-tutorial rollback {run.run_id}")
    return lines
