"""`doctor`: what this machine, or a cluster, can do. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from tutorial.cli.arguments import complete_tutorial, read_settings
from tutorial.cli.cluster_choice import cluster_options, named_context
from tutorial.cli.group import ExamplesCommand
from tutorial.cli.hanging import hanging
from tutorial.errors import ExitCode, UsageError
from tutorial.preflight.finding import Finding, obstacles
from tutorial.text.escapes import safe_text
from tutorial.ui.environment import Environment

if TYPE_CHECKING:
    from tutorial.engine.ports import Stopper

_GLYPHS = {"pass": "✓", "warn": "!", "fail": "✗", "unknown": "?"}
_COLOURS = {"pass": "green", "warn": "yellow", "fail": "red", "unknown": "yellow"}


@click.command(
    cls=ExamplesCommand,
    examples=(
        ("egress-tutorial doctor", "try everything that a run in a sandbox needs"),
        ("egress-tutorial doctor --context kind", "look whether the tutorials can run on your cluster"),
        (
            "egress-tutorial doctor externalname --context kind --set NAMESPACE=demo",
            "one tutorial, elsewhere",
        ),
        ("egress-tutorial doctor --context kind --probe", "also ask the outside, with a pod of seconds"),
        ("egress-tutorial doctor -o json", "the same for programs; exit 4 when something is missing"),
    ),
)
@click.argument("tutorial", required=False, shell_complete=complete_tutorial)
@cluster_options
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    callback=read_settings,
    help="Give a variable of the tutorial another value. Repeatable.",
)
@click.option("--probe", is_flag=True, help="Ask the outside from the cluster, with a pod of some seconds.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before the pod of --probe is made.")
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print JSON.")
@click.pass_obj
def doctor(environment: Environment, /, **given: Any) -> ExitCode:
    """Try what a run in a sandbox needs, and say what is missing, why, and the way out.

    With --context or --kubeconfig: look whether TUTORIAL, or all of them, can run on that cluster.
    Nothing is changed there, but for the pod of --probe."""
    context = named_context(given, environment)
    if context is not None or given["kubeconfig"] is not None:
        return _tell_of_cluster(environment, context, given)
    _refuse_without_cluster(given)
    return _tell_of_machine(environment, given["output"])


def _refuse_without_cluster(given: dict[str, Any]) -> None:
    for name, shown in (("tutorial", "a tutorial"), ("settings", "--set"), ("probe", "--probe")):
        if given[name]:
            raise UsageError(
                f"{shown} only says something about a cluster.",
                why="Without --context, doctor looks at this machine and its sandbox.",
                do="Name the cluster: egress-tutorial doctor --context NAME",
            )


def _tell_of_machine(environment: Environment, output: str | None) -> ExitCode:
    from tutorial.cli.doctor.checks import find_all

    findings = _shown(find_all(environment.variables), environment, quiet=output is not None)
    return _conclude(findings, output, "egress-tutorial run externalname", {})


def _tell_of_cluster(environment: Environment, context: str | None, given: dict[str, Any]) -> ExitCode:
    from tutorial.cli.doctor.cluster import Probing, Wanted, find_access, find_in_cluster
    from tutorial.engine.run import STOP_CODES
    from tutorial.preflight.place import Place
    from tutorial.shell.signals import Signals

    output = given["output"]
    wanted = Wanted(given["tutorial"], context, given["kubeconfig"], given["settings"])
    access = find_access(wanted, environment.variables)
    with Signals() if given["probe"] else nullcontext() as signals:
        probing = Probing(_agreement(environment, given, signals), signals) if signals else None
        found = find_in_cluster(wanted, access, environment.variables, probing)
        findings = _shown(found, environment, quiet=output is not None)
        if signals and signals.pending():
            return STOP_CODES[signals.pending()]
    place = Place(access.context, given["kubeconfig"])
    run = f"egress-tutorial run {given['tutorial'] or 'externalname'} {place.options}"
    return _conclude(findings, output, run, {"context": access.context, "server": access.server})


def _agreement(environment: Environment, given: dict[str, Any], signals: Stopper) -> Callable[[str], bool]:
    """Asks whether the pod of the probe may be made; refuses now where nobody could be asked then."""
    from tutorial.ui.opening import open_question, open_view

    data_on_stdout = given["output"] is not None
    if given["yes"]:
        return lambda _: True
    if not environment.can_ask(data_on_stdout=data_on_stdout):
        raise UsageError(
            "There is no terminal to ask on.", why="--probe makes a pod in the cluster.", do="Add --yes."
        )

    def agree(what: str) -> bool:
        screen = open_view(environment, data_on_stdout=data_on_stdout)
        screen.show_output(safe_text(what), heading="The probe")
        return open_question(environment, screen, signals)("Make it?", "make it", "leave it")

    return agree


def _conclude(findings: list[Finding], output: str | None, run: str, about: dict[str, str]) -> ExitCode:
    """Say whether a run can begin."""
    ready = not obstacles(findings)
    if output == "json":
        report = {"ready": ready, **about, "findings": [asdict(one) for one in findings]}
        click.echo(json.dumps(report, indent=2))
    else:
        click.echo(f"Ready: {run}" if ready else "Not ready: see what failed above.")
    return ExitCode.OK if ready else ExitCode.NOT_READY


def _shown(found: Iterable[Finding], environment: Environment, *, quiet: bool) -> list[Finding]:
    """The findings, each printed as it is made."""
    findings = []
    for finding in found:
        findings.append(finding)
        if not quiet:
            _print(finding, environment)
    return findings


def _print(finding: Finding, environment: Environment) -> None:
    colour = environment.colour and environment.stdout_is_terminal
    state = f"{_GLYPHS[finding.state]} {finding.state:<8}"
    shown = click.style(state, fg=_COLOURS[finding.state]) if colour else state
    columns = environment.columns(environment.stdout)
    lead = f"{'':<10}{finding.name:<14}"
    click.echo(shown + hanging(lead, safe_text(finding.why), columns)[10:], color=colour)
    if finding.do:
        click.echo(hanging(" " * len(lead), safe_text(finding.do), columns))
