"""`rollback`: undo what a kept or interrupted run made. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tutorial.cli.arguments import complete_run
from tutorial.cli.group import ExamplesCommand
from tutorial.cli.program import debugging
from tutorial.errors import ExitCode, UsageError
from tutorial.ui.environment import Environment

if TYPE_CHECKING:
    from tutorial.options import RunOptions


@click.command(
    cls=ExamplesCommand,
    examples=(
        ("egress-tutorial rollback", "undo every run that was kept or cut off"),
        ("egress-tutorial rollback RUN", "undo one of them (egress-tutorial status)"),
        ("egress-tutorial rollback --wait 600", "be patient with an API server that is away"),
        ("egress-tutorial rollback --forget RUN", "give one up whose cluster is gone for good"),
    ),
)
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_run)
@click.option("--plain", is_flag=True, help="Append-only lines, for screen readers and logs.")
@click.option("-o", "--output", type=click.Choice(["jsonl"]), help="Write the events to stdout.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for an API server that is away, or for objects to go.",
)
@click.option(
    "--forget",
    is_flag=True,
    help="Undo nothing: show what RUN may have left, and count it as over. Asks first.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask before RUN is forgotten.")
@click.pass_context
def rollback(
    context: click.Context, /, run_id: str | None, forget: bool, yes: bool, **given: Any
) -> ExitCode:
    """Undo what a run made, last step first. Safe to run again; exit 5 when something is left."""
    from tutorial.app import RunOptions

    plain, output, wait = given["plain"], given["output"], given["wait"]
    environment = context.obj.with_plain() if plain else context.obj
    options = RunOptions(auto=True, plain=plain, output=output, debug=debugging(context), yes=yes, wait=wait)
    if forget:
        return _forget(run_id, options, environment)
    if yes:
        raise UsageError("--yes goes with --forget.", why="A rollback asks nothing.", do="Leave it out.")
    return _roll_back(run_id, options, environment)


def _forget(run_id: str | None, options: RunOptions, environment: Environment) -> ExitCode:
    from tutorial.app import forget_run

    if run_id is None:
        raise UsageError(
            "Which run is to be forgotten?",
            do="Name it: egress-tutorial rollback --forget RUN (all: egress-tutorial status)",
        )
    refused = forget_run(run_id, options, environment)
    if refused is not None:
        return refused
    click.echo(f"Forgotten: {run_id}. Nothing was deleted.", err=True)
    return ExitCode.OK


def _roll_back(run_id: str | None, options: RunOptions, environment: Environment) -> ExitCode:
    from tutorial.app import rollback_run, status
    from tutorial.journal.other_runs import alive_since

    runs = [] if run_id else status(environment)
    left = [run_id] if run_id else [run.run_id for run in runs if run.state != "running"]
    code = rollback_run(run_id, options, environment)
    if code is ExitCode.OK:
        click.echo(f"Rolled back: {', '.join(left)}" if left else "There is no run to undo.", err=True)
    for run in runs:
        if run.state == "running":
            standing = alive_since(run.process, run.started)
            click.echo(f"{run.run_id} is {standing}: it puts everything back when it ends.", err=True)
    return code
