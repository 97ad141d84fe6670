"""The commands of `class`. Loaded by `tutorial.cli.commands.classroom`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tutorial.cli.cluster_choice import cluster_options, named_context
from tutorial.cli.group import ExamplesCommand
from tutorial.errors import ExitCode
from tutorial.ui.environment import Environment

if TYPE_CHECKING:
    from tutorial.backends.administration import AdministeredCluster

DEFAULT_PREFIX = "egress"
DEFAULT_HOURS = 8
LONGEST_HOURS = 30 * 24
DOWN_SECONDS = 120

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_yes = click.option("-y", "--yes", is_flag=True, help="Do not ask before a cluster is written to.")


def _prefix(default: str | None, text: str) -> Decorator:
    return click.option("--prefix", default=default, show_default=True, metavar="NAME", help=text)


def _folder(text: str) -> Decorator:
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option("--output", "folder", type=kind, metavar="FOLDER", help=text)


@click.command(
    cls=ExamplesCommand,
    examples=(
        (
            "egress-tutorial class up --attendees 30 --context kind",
            "egress-01 to egress-30, files in class-egress/",
        ),
        ("egress-tutorial class up --attendees 2", "in the sandbox that is up (egress-tutorial sandbox up)"),
        ("egress-tutorial class up --attendees 1 --dry-run", "print the objects that an attendee gets"),
    ),
)
@click.option("--attendees", "count", type=int, required=True, metavar="N", help="How many.")
@_prefix(DEFAULT_PREFIX, "How their namespaces begin, and the name of the class.")
@click.option(
    "--hours",
    type=click.IntRange(1, LONGEST_HOURS),
    default=DEFAULT_HOURS,
    show_default=True,
    metavar="N",
    help="How long their tokens are good.",
)
@click.option(
    "--revision", default="", metavar="NAME", help="Get sidecars from this revision (istio.io/rev)."
)
@_folder("Where the kubeconfig files go. Default: class-PREFIX.")
@click.option("--dry-run", is_flag=True, help="Only print the objects, as YAML.")
@cluster_options
@_yes
@click.pass_obj
def up(environment: Environment, /, **given: Any) -> ExitCode:
    """Make for each attendee two namespaces, the rights for the tutorials and a kubeconfig file.

    Run it again to add what is missing and to renew the tokens.
    """
    from tutorial.classroom.api import ClassApi
    from tutorial.classroom.files import default_folder
    from tutorial.classroom.manifests import Injection
    from tutorial.classroom.roster import attendees
    from tutorial.classroom.up import set_up
    from tutorial.cli.commands import classroom_views as views
    from tutorial.ui.wording import count_of

    roster = attendees(given["prefix"], given["count"])
    injection = Injection(given["revision"])
    if given["dry_run"]:
        click.echo(views.manifests(roster, injection), nl=False)
        return ExitCode.OK
    folder = given["folder"] or default_folder(given["prefix"])
    with _opened(environment, given) as cluster:
        rows = {
            "namespaces": views.first_and_last([name for each in roster for name in each.namespaces]),
            "in each": "a role that its attendee is bound to; in the first a service account",
            "files": f"{folder}/, with tokens for {given['hours']} h",
        }
        heading = f"This prepares the cluster for {count_of(len(roster), 'attendee')}"
        if not (given["yes"] or views.agreed(environment, cluster, heading, rows)):
            return ExitCode.OK
        places = set_up(
            ClassApi(cluster.client),
            roster,
            injection=injection,
            seconds=given["hours"] * 3600,
            folder=folder,
            access=cluster.access,
            facts={name: cluster.facts[name] for name in ("istio", "mesh") if name in cluster.facts},
            removal=views.down_command(given),
        )
        bar = click.progressbar(places, length=len(roster), label="Attendees", file=environment.stderr)
        with views.told_if_interrupted(environment, views.half_made_text(given)), bar as progress:
            done = list(progress)
        click.echo(views.ready_text(done, folder, cluster, given), file=environment.stderr)
    return ExitCode.OK


@click.command(
    cls=ExamplesCommand,
    examples=(
        ("egress-tutorial class status --context kind", "how far each attendee is, by what is there"),
        ("egress-tutorial class status --context kind -o json", "the same for programs"),
    ),
)
@_prefix(None, "Only this class. Default: every class on the cluster.")
@click.option("-o", "--output", type=click.Choice(["json"]), help="Print JSON.")
@cluster_options
@click.pass_obj
def status(environment: Environment, /, **given: Any) -> None:
    """Show where each attendee is: the last step of which the cluster shows the objects, and since when.

    Nothing is asked of the attendees' machines.
    """
    from tutorial.classroom.status import seats
    from tutorial.cli.commands import classroom_views as views

    with _opened(environment, given) as cluster:
        found = seats(cluster.client, given["prefix"])
        now = cluster.client.server_time()
    if given["output"] == "json":
        click.echo(views.seats_json(found))
    elif found:
        views.show_seats(found, now, environment)
    else:
        click.echo("There is no class here. Make one: egress-tutorial class up --attendees 30")


@click.command(
    cls=ExamplesCommand,
    examples=(
        (
            "egress-tutorial class down --context kind",
            "remove the class egress with all that its attendees made",
        ),
        ("egress-tutorial class down --prefix monday --context kind --yes", "another class, without asking"),
    ),
)
@_prefix(DEFAULT_PREFIX, "Which class.")
@_folder("Where `class up` put the files. Default: class-PREFIX.")
@click.option(
    "--timeout",
    type=click.IntRange(1),
    default=DOWN_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait until everything is gone.",
)
@cluster_options
@_yes
@click.pass_obj
def down(environment: Environment, /, **given: Any) -> ExitCode:
    """Delete a class's namespaces with everything in them, and its kubeconfig files.

    Only what carries the class's labels and names is deleted. Exit 5 when something is left.
    """
    from tutorial.classroom.api import ClassApi
    from tutorial.classroom.down import find, remove
    from tutorial.classroom.files import default_folder
    from tutorial.classroom.files import remove as remove_files
    from tutorial.classroom.roster import check_prefix
    from tutorial.cli.commands import classroom_views as views
    from tutorial.ui.wording import count_of

    prefix = given["prefix"]
    check_prefix(prefix)
    with _opened(environment, given) as cluster:
        api = ClassApi(cluster.client)
        found = find(api, prefix)
        count = len(found.doomed)
        names = [each.name for each in found.doomed]
        rows = {"deletes": f"{count_of(count, 'namespace')}: {views.first_and_last(names)}"}
        heading = "This deletes namespaces with everything that is in them"
        if names and not (given["yes"] or views.agreed(environment, cluster, heading, rows)):
            return ExitCode.OK
        bar = click.progressbar(length=max(count, 1), label="Namespaces", file=environment.stderr)
        half_gone = "Interrupted. The same command again removes what is left."
        with views.told_if_interrupted(environment, half_gone), bar as progress:
            for gone in remove(api, prefix, found, given["timeout"], cluster.access.kubectl_options):
                progress.update(gone - progress.pos)
        server = cluster.access.server
    files = remove_files(given["folder"] or default_folder(prefix), prefix, server)
    click.echo(views.gone_text(prefix, found, files), file=environment.stderr)
    return ExitCode.OK


def _opened(environment: Environment, given: dict[str, Any]) -> AbstractContextManager[AdministeredCluster]:
    from tutorial.backends.administration import open_administered
    from tutorial.journal.paths import state_home

    return open_administered(
        home=state_home(environment.variables),
        environment=environment.variables,
        context=named_context(given, environment),
        kubeconfig=given["kubeconfig"],
    )
