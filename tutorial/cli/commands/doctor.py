"""`doctor`: what this machine can do. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from tutorial.cli.doctor.finding import Finding
from tutorial.cli.group import ExamplesCommand
from tutorial.errors import ExitCode
from tutorial.ui.environment import Environment

_GLYPHS = {"pass": "✓", "warn": "!", "fail": "✗", "unknown": "?"}
_COLOURS = {"pass": "green", "warn": "yellow", "fail": "red", "unknown": "yellow"}


@click.command(
    cls=ExamplesCommand,
    examples=(
        ("egress-tutorial doctor", "try everything that a run needs; exit 4 when something is missing"),
        ("egress-tutorial doctor -o json", "the same for programs"),
    ),
)
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print JSON.")
@click.pass_obj
def doctor(environment: Environment, output: str | None) -> ExitCode:
    """Try what a run in a sandbox needs, and say what is missing, why, and the way out."""
    from tutorial.cli.doctor.checks import find_all, is_ready

    findings: list[Finding] = []
    for finding in find_all(environment.variables):
        findings.append(finding)
        if output is None:
            _print(finding, colour=environment.colour and environment.stdout_is_terminal)
    ready = is_ready(findings)
    if output == "json":
        click.echo(json.dumps({"ready": ready, "findings": [asdict(one) for one in findings]}, indent=2))
    else:
        click.echo(
            "Ready: egress-tutorial run externalname" if ready else "Not ready: see what failed above."
        )
    return ExitCode.OK if ready else ExitCode.NOT_READY


def _print(finding: Finding, *, colour: bool) -> None:
    state = f"{_GLYPHS[finding.state]} {finding.state:<8}"
    shown = click.style(state, fg=_COLOURS[finding.state]) if colour else state
    click.echo(f"{shown}{finding.name:<14}{finding.why}", color=colour)
    if finding.do:
        click.echo(f"{'':>10}{'':<14}{finding.do}")
