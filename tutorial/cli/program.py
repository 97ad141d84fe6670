"""The command line's tree: every command, and what the bare program says.

Called by `tutorial.cli.main`. Commands are imported when they are run: `--help` must be instant.
"""

from __future__ import annotations

import click

from tutorial.cli.group import LazyCommand, LazyGroup

PROGRAM = "egress-tutorial"

_HOME = "tutorial.cli.commands"
COMMANDS = {
    "run": LazyCommand(f"{_HOME}.run:run", "Run a tutorial step by step, and put everything back."),
    "resume": LazyCommand(f"{_HOME}.run:resume", "Go on with a run that was kept or interrupted."),
    "rollback": LazyCommand(f"{_HOME}.rollback:rollback", "Undo what a kept or interrupted run made."),
    "status": LazyCommand(f"{_HOME}.status:status", "Show the runs that are not over."),
    "list": LazyCommand(f"{_HOME}.listing:list_tutorials", "List the tutorials."),
    "show": LazyCommand(f"{_HOME}.show:show", "Show a tutorial's steps, or one step."),
    "lint": LazyCommand(f"{_HOME}.lint:lint", "Check step files."),
    "doctor": LazyCommand(f"{_HOME}.doctor:doctor", "Say what this machine can do and what is missing."),
    "sandbox": LazyCommand(f"{_HOME}.sandbox:sandbox", "Keep a small cluster of your own on this machine."),
    "class": LazyCommand(f"{_HOME}.classroom:classroom", "Prepare a cluster for many attendees at once."),
    "completion": LazyCommand(f"{_HOME}.completion:completion", "Print the completion script of a shell."),
    "version": LazyCommand(f"{_HOME}.version:version", "Print the version."),
}

INTRODUCTION = """\
egress-tutorial replays Istio's task "Kubernetes Services for Egress Traffic"
step by step, for real. It shows a command, waits, runs it, checks what came
out, explains it, and puts everything back. It needs no cluster: it brings its
own.

Try:
  egress-tutorial run externalname          go through it, one key a step
  egress-tutorial run externalname --auto   watch it run by itself
  egress-tutorial show externalname         read the steps first
  egress-tutorial doctor                    see whether this machine can do it

All commands: egress-tutorial --help"""


@click.group(
    name=PROGRAM,
    cls=LazyGroup,
    commands_at=COMMANDS,
    invoke_without_command=True,
    examples=(
        ("egress-tutorial run externalname", "go through the tutorial in a sandbox"),
        ("egress-tutorial run externalname --context kind", "the same on your own cluster"),
        ("egress-tutorial run externalname --auto --junit report.xml", "unattended, as CI does it"),
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Write everything that happens to a log file; say where.")
@click.pass_context
def program(context: click.Context, debug: bool) -> None:  # noqa: ARG001 (`main` opens the log)
    """Replay a tutorial of shell commands step by step: explain, run, check, put back."""
    if context.invoked_subcommand is None:
        click.echo(INTRODUCTION)


def debugging(context: click.Context) -> bool:
    """Whether `--debug` was given."""
    return bool(context.find_root().params.get("debug"))
