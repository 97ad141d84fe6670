"""`run` and `resume`: from options to `tutorial.app`. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tutorial.cli.arguments import complete_run, complete_tutorial, read_settings
from tutorial.cli.cluster_choice import cluster_options, named_context
from tutorial.cli.group import ExamplesCommand
from tutorial.cli.program import debugging
from tutorial.errors import ExitCode, UsageError
from tutorial.ui.environment import Environment


class _RunCommand(ExamplesCommand):
    """Lets `--keep` stand before the tutorial's name: only `--keep=failure` takes a value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, ["--keep=always" if arg == "--keep" else arg for arg in args])


def _report_path(context: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:  # noqa: ARG001
    """A place where a report can be written; told before the run, not after it."""
    if path is None:
        return None
    if path.exists() and not path.is_file():
        raise UsageError(f"--junit needs a file, and {path} is none.", do="--junit report.xml")
    if not path.parent.is_dir():
        raise UsageError(f"--junit: there is no folder {path.parent}.", do=f"mkdir -p {path.parent}")
    return path.absolute()


def _pace_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that `run` and `resume` share."""
    for option in (
        click.option(
            "--junit",
            type=click.Path(path_type=Path),
            metavar="FILE",
            callback=_report_path,
            help="Write a JUnit report to FILE.",
        ),
        click.option(
            "-o", "--output", type=click.Choice(["jsonl"]), help="Write the run's events to stdout."
        ),
        click.option("--trust", is_flag=True, help="Run the commands of a folder of steps without asking."),
        click.option("--plain", is_flag=True, help="Append-only lines, for screen readers and logs."),
        click.option(
            "--keep",
            type=click.Choice(["always", "failure"]),
            metavar="[=failure]",
            help="Do not roll back at the end (with =failure: when a step failed).",
        ),
        click.option("--until", "until_step", metavar="STEP", help="End after this step."),
        click.option("--auto", is_flag=True, help="Run unattended: never ask, end at the first failure."),
    ):
        command = option(command)
    return command


@click.command(
    cls=_RunCommand,
    examples=(
        ("egress-tutorial run externalname", "step by step in a sandbox, one key a step"),
        ("egress-tutorial run externalname --auto", "unattended; exit 0 when every check holds"),
        ("egress-tutorial run externalname --context kind --set NAMESPACE=demo", "on your own cluster"),
        ("egress-tutorial run externalname --from access-with-sidecar", "begin at a step"),
        ("egress-tutorial run ./my-steps --trust --auto --keep=failure", "your own steps; keep what failed"),
    ),
)
@click.argument("tutorial", shell_complete=complete_tutorial)
@_pace_options
@click.option("--from", "from_step", metavar="STEP", help="Begin at this step; run what it needs unseen.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    callback=read_settings,
    help="Give a variable of the tutorial another value. Repeatable.",
)
@click.option("--asides", is_flag=True, help="Also run the steps that go beyond the document.")
@click.option(
    "--adopt",
    is_flag=True,
    help="Replace services, endpoints and destination rules that are there; put them back at the end.",
)
@cluster_options
@click.option("-y", "--yes", is_flag=True, help="Do not ask before the first write to a cluster.")
@click.pass_context
def run(context: click.Context, /, **given: Any) -> ExitCode:
    """Run TUTORIAL (a name from `list`, or a folder) and put everything back at the end."""
    from tutorial.app import RunOptions, run_tutorial

    environment = _environment(context, given)
    options = RunOptions(
        tutorial=given["tutorial"],
        auto=given["auto"],
        from_step=given["from_step"],
        until_step=given["until_step"],
        keep=given["keep"] or "never",
        set=given["settings"],
        plain=given["plain"],
        output=given["output"],
        junit=given["junit"],
        asides=given["asides"],
        adopt=given["adopt"],
        context=named_context(given, environment),
        kubeconfig=given["kubeconfig"],
        trust=given["trust"],
        yes=given["yes"],
        debug=debugging(context),
    )
    return run_tutorial(options, environment)


@click.command(
    cls=_RunCommand,
    examples=(
        ("egress-tutorial resume", "go on with the run that was kept"),
        ("egress-tutorial resume RUN", "go on with one of several (egress-tutorial status)"),
    ),
)
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_run)
@_pace_options
@click.pass_context
def resume(context: click.Context, /, **given: Any) -> ExitCode:
    """Go on with a run that was kept, or that was cut off, at the step where it stood."""
    from tutorial.app import RunOptions, resume_run

    environment = _environment(context, given)
    options = RunOptions(
        auto=given["auto"],
        until_step=given["until_step"],
        keep=given["keep"] or "never",
        plain=given["plain"],
        output=given["output"],
        junit=given["junit"],
        trust=given["trust"],
        debug=debugging(context),
    )
    return resume_run(given["run_id"], options, environment)


def _environment(context: click.Context, given: dict[str, Any]) -> Environment:
    """The surroundings with `--plain` applied; refuses to ask where nobody can answer."""
    environment: Environment = context.obj
    if given["plain"]:
        environment = environment.with_plain()
    if not given["auto"] and not environment.can_ask(data_on_stdout=given["output"] is not None):
        raise UsageError(
            "There is no terminal to ask on.",
            why="Without --auto every step waits for a key.",
            do=f"Add --auto: {context.command_path} {given.get('tutorial') or ''} --auto".replace("  ", " "),
        )
    return environment
