"""What the commands of `class` show and ask. Used by `classroom_commands`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tutorial.backends.administration import AdministeredCluster
from tutorial.classroom.down import Found
from tutorial.classroom.manifests import Injection, objects_of
from tutorial.classroom.roster import Attendee
from tutorial.classroom.status import Seat
from tutorial.classroom.up import Place
from tutorial.engine.by_hand import age
from tutorial.errors import UsageError
from tutorial.ui.environment import Environment
from tutorial.ui.wording import count_of, rows_text

if TYPE_CHECKING:
    from rich.table import Table

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def manifests(roster: Sequence[Attendee], injection: Injection) -> str:
    """Everything that a class makes, as YAML for `kubectl apply -f -`."""
    import yaml

    every = [each for attendee in roster for each in objects_of(attendee, injection)]
    return str(yaml.safe_dump_all(every, sort_keys=False, explicit_start=True))


def agreed(
    environment: Environment, cluster: AdministeredCluster, heading: str, rows: Mapping[str, str]
) -> bool:
    """Show what is about to be done; whether the person agrees. A sandbox needs no question.

    Raises:
        UsageError: nobody can be asked.
    """
    if cluster.is_sandbox:
        return True
    if not environment.can_ask():
        context, server = cluster.access.context, cluster.access.server
        raise UsageError(
            "There is no terminal to ask on. Nothing was touched.",
            why=f"{heading}: the context {context}, {server}.",
            do="Add --yes.",
        )
    from tutorial.shell.signals import Signals
    from tutorial.ui.opening import open_question, open_view

    shown = {"context": cluster.access.context, "server": cluster.access.server, **rows}
    screen = open_view(environment)
    screen.show_output(rows_text(shown.items()), heading=heading)
    with Signals() as signals:
        return open_question(environment, screen, signals)("Go on?", "go on", "leave; nothing is touched")


def first_and_last(names: Sequence[str]) -> str:
    """`egress-01, egress-01-plain to egress-30-plain`; a few are all named."""
    if len(names) <= 3:
        return ", ".join(names)
    return f"{', '.join(names[:2])} to {names[-1]}"


def ready_text(
    places: Sequence[Place], folder: Path, cluster: AdministeredCluster, given: Mapping[str, Any]
) -> str:
    """What `class up` says at its end."""
    made = sum(place.made for place in places)
    until = min(place.until for place in places).astimezone()
    lines = [
        f"Ready:     {count_of(len(places), 'attendee')}; made or mended: {count_of(made, 'object')}.",
        f"Files:     {folder}/, one for each attendee, good until {until:%Y-%m-%d %H:%M}.",
        "           Whoever has one may work in its two namespaces.",
        "           The same command again renews the tokens.",
        f"They type: egress-tutorial run externalname --kubeconfig {places[0].file.name}",
        f"Look:      egress-tutorial class status{_flags(given)}",
        f"Remove:    {down_command(given)}",
    ]
    host = urlsplit(cluster.access.server).hostname
    if host in _LOOPBACK:
        lines.append(f"Note:      the server is {host}, so the files are good on this machine only.")
    return "\n".join(lines)


def down_command(given: Mapping[str, Any]) -> str:
    """The command that removes what `class up` has made."""
    return f"egress-tutorial class down{_flags(given, 'prefix', 'folder')}"


def half_made_text(given: Mapping[str, Any]) -> str:
    """What an interrupted `class up` says."""
    return f"Interrupted. The same command goes on; {down_command(given)} removes what was made."


@contextmanager
def told_if_interrupted(environment: Environment, text: str) -> Iterator[None]:
    """Say after a Ctrl-C how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        environment.stderr.write(f"\n{text}\n")
        raise


def gone_text(prefix: str, found: Found, files: Sequence[Path]) -> str:
    """What `class down` says at its end."""
    if not found.doomed and not files:
        return f"There is no class {prefix} here."
    return (
        f"Deleted: {count_of(len(found.doomed), 'namespace')} and {count_of(len(files), 'file')}.\n"
        f"Nothing of the class {prefix} is left."
    )


def seats_json(seats: Sequence[Seat]) -> str:
    """Each attendee as JSON; times as Kubernetes writes them."""
    return json.dumps([_seat_json(seat) for seat in seats], indent=2)


def show_seats(seats: Sequence[Seat], now: float, environment: Environment) -> None:
    """Print a table of the attendees.

    Args:
        now: the cluster's clock, seconds since the epoch.
    """
    from tutorial.ui.console import open_console

    open_console(environment, environment.stdout).print(_table(seats, now))


def _table(seats: Sequence[Seat], now: float) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Attendee", "Where", "There", "Last change"):
        table.add_column(heading)
    for seat in seats:
        standing = seat.standing
        where = standing.step or standing.state
        if not seat.whole:
            where = "incomplete: class up mends it"
        count = len(standing.objects)
        since = f"{age(now - standing.since.timestamp())} ago" if standing.since else ""
        table.add_row(seat.attendee.name, where, count_of(count, "object") if count else "", since)
    return table


def _seat_json(seat: Seat) -> dict[str, object]:
    attendee, standing = seat.attendee, seat.standing
    return {
        "class": attendee.prefix,
        "attendee": attendee.name,
        "namespaces": list(attendee.namespaces),
        "whole": seat.whole,
        "state": standing.state,
        "step": standing.step,
        "objects": [str(each) for each in standing.objects],
        "since": _stamp(standing.since),
    }


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _flags(given: Mapping[str, Any], *names: str) -> str:
    """The options of this command line that the next one needs, too."""
    options = {
        "cluster": "--context",
        "kubeconfig": "--kubeconfig",
        "folder": "--output",
        "prefix": "--prefix",
    }
    kept = ["cluster", "kubeconfig", *names]
    words = [f"{options[name]} {shlex.quote(str(given[name]))}" for name in kept if given[name]]
    return "".join(f" {word}" for word in words if word != "--prefix egress")
