"""The commands of `sandbox`. Loaded by `tutorial.cli.commands.sandbox`.

A kept sandbox has one name, `default`; it is what `run` without `--context` uses while it is up.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tutorial.cli.group import ExamplesCommand
from tutorial.errors import NotReadyError, UsageError
from tutorial.ui.environment import Environment

if TYPE_CHECKING:
    from tutorial.sandbox.lifecycle import Sandbox


@click.command(
    cls=ExamplesCommand,
    examples=(("egress-tutorial sandbox up", "start it (about a second); it stays until `sandbox down`"),),
)
@click.pass_obj
def up(environment: Environment) -> None:
    """Start the sandbox and leave it running. Does nothing when it is up."""
    from tutorial.journal.paths import make_in_state_home
    from tutorial.sandbox import lifecycle

    if lifecycle.attach(_root(environment)) is not None:
        click.echo("The sandbox is up already.", err=True)
        return
    began = time.monotonic()
    sandbox = lifecycle.start(make_in_state_home(_root(environment)), lifecycle.DEFAULT_NAME, kept=True)
    click.echo(f"The sandbox is up ({time.monotonic() - began:.1f} s).", err=True)
    click.echo(
        f"Run in it:   egress-tutorial run externalname\n"
        f'Use kubectl: eval "$(egress-tutorial sandbox env)"\n'
        f"Take down:   egress-tutorial sandbox down\n"
        f"kubeconfig:  {sandbox.kubeconfig}",
        err=True,
    )


@click.command(
    cls=ExamplesCommand,
    examples=(
        ("egress-tutorial sandbox status", "is it up, since when, where"),
        ("egress-tutorial sandbox status -o json", "the same for programs"),
    ),
)
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print JSON.")
@click.pass_obj
def status(environment: Environment, output: str | None) -> None:
    """Say which sandboxes are up: the kept one, and those of runs that are alive."""
    from tutorial.sandbox import lifecycle

    sandboxes = lifecycle.all_sandboxes(_root(environment))
    if output == "json":
        click.echo(json.dumps([_as_json(sandbox) for sandbox in sandboxes], indent=2))
        return
    if not sandboxes:
        click.echo("No sandbox is up. Start one: egress-tutorial sandbox up")
    for sandbox in sandboxes:
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(sandbox.state.started))
        kept = "kept" if sandbox.state.kept else "of a run"
        click.echo(f"{sandbox.name}  up since {since}  {kept}  https://127.0.0.1:{sandbox.state.port}")
        click.echo(f"  kubeconfig: {sandbox.kubeconfig}")


@click.command(
    cls=ExamplesCommand,
    examples=(
        ('eval "$(egress-tutorial sandbox env)"', "in bash, zsh or sh"),
        ("egress-tutorial sandbox env --shell fish | source", "in fish"),
    ),
)
@click.option(
    "--shell", type=click.Choice(["bash", "fish"]), help="Whose words to use. Default: from $SHELL."
)
@click.pass_obj
def env(environment: Environment, shell: str | None) -> None:
    """Print lines for your shell's `eval`, so that its kubectl speaks to the sandbox."""
    fish = (shell or Path(environment.variables.get("SHELL", "")).name) == "fish"
    for name, value in _kubectl_variables(_attached(environment), environment.variables).items():
        if fish:
            click.echo(f"set -gx {name} {_fish_quoted(value)}")
        else:
            click.echo(f"export {name}={shlex.quote(value)}")


@click.command(
    cls=ExamplesCommand,
    examples=(("egress-tutorial sandbox shell", "a shell in which kubectl speaks to the sandbox"),),
)
@click.pass_obj
def shell(environment: Environment) -> None:
    """Open your shell with kubectl pointing to the sandbox; Ctrl-D comes back."""
    sandbox = _attached(environment)
    program = environment.variables.get("SHELL") or "/bin/sh"
    if not shutil.which(program):
        raise NotReadyError(
            f"The shell {program} was not found.", do="SHELL=/bin/bash egress-tutorial sandbox shell"
        )
    click.echo(f"A shell in the sandbox {sandbox.name}: kubectl speaks to it. Ctrl-D returns.", err=True)
    variables = _kubectl_variables(sandbox, environment.variables)
    subprocess.run([program], env={**environment.variables, **variables}, check=False)


@click.command(
    cls=ExamplesCommand,
    examples=(("egress-tutorial sandbox reset", "an empty sandbox, as after `sandbox up`"),),
)
@click.pass_obj
def reset(environment: Environment) -> None:
    """Empty the sandbox: take it down and start it again. Refused while a run uses it."""
    from tutorial.sandbox import lifecycle

    _take_down(_attached(environment), environment)
    lifecycle.start(_root(environment), lifecycle.DEFAULT_NAME, kept=True)
    click.echo("The sandbox is up again, and empty.", err=True)


@click.command(
    cls=ExamplesCommand,
    examples=(("egress-tutorial sandbox down", "take it down; nothing of it is left"),),
)
@click.pass_obj
def down(environment: Environment) -> None:
    """Take the sandbox down with everything in it. Refused while a run uses it."""
    from tutorial.sandbox import lifecycle

    sandbox = lifecycle.attach(_root(environment))
    if sandbox is None:
        click.echo("No sandbox is up.", err=True)
        return
    _take_down(sandbox, environment)
    click.echo("The sandbox is down; nothing of it is left.", err=True)


def _root(environment: Environment) -> Path:
    """Where this user's sandboxes are."""
    from tutorial.journal.paths import sandboxes_folder, state_home

    return sandboxes_folder(state_home(environment.variables))


def _attached(environment: Environment) -> Sandbox:
    """The kept sandbox. Raises NotReadyError when it is not up."""
    from tutorial.sandbox import lifecycle

    sandbox = lifecycle.attach(_root(environment))
    if sandbox is None:
        raise NotReadyError("No sandbox is up.", do="egress-tutorial sandbox up")
    return sandbox


def _take_down(sandbox: Sandbox, environment: Environment) -> None:
    """Take it down. Raises UsageError, which names the runs that are alive in it."""
    from tutorial.app import status
    from tutorial.journal.other_runs import alive_since

    try:
        sandbox.down()
    except UsageError as error:
        runs = [run for run in status(environment) if run.process and run.sandbox == sandbox.name]
        names = "; ".join(f"{run.run_id}, {alive_since(run.process, run.started)}" for run in runs)
        raise UsageError(error.what, why=f"{error.why} {names}".strip(), do=error.do) from None


def _kubectl_variables(sandbox: Sandbox, variables: Mapping[str, str]) -> dict[str, str]:
    """What makes kubectl speak to the sandbox. Its istioctl comes first on PATH; the kubectl that
    came with the program is put there when there is no other; KUBERC=off keeps the user's
    preferences out of its output."""
    programs = str(sandbox.programs)
    folders = [each for each in variables.get("PATH", os.defpath).split(os.pathsep) if each != programs]
    own = Path(sys.executable).parent
    if not shutil.which("kubectl", path=os.pathsep.join(folders)) and (own / "kubectl").exists():
        folders.append(str(own))
    return {
        "KUBECONFIG": str(sandbox.kubeconfig),
        "KUBECACHEDIR": str(sandbox.kubectl_cache),
        "KUBERC": "off",
        "PATH": os.pathsep.join((programs, *folders)),
    }


def _fish_quoted(text: str) -> str:
    """`text` in single quotes, in which fish knows only `\\\\` and `\\'`."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _as_json(sandbox: Sandbox) -> dict[str, object]:
    state = sandbox.state
    return {
        "name": sandbox.name,
        "context": sandbox.context,
        "server": f"https://127.0.0.1:{state.port}",
        "kubeconfig": str(sandbox.kubeconfig),
        "pid": state.pid,
        "started": state.started,
        "kept": state.kept,
    }
