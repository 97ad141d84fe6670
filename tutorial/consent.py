"""What a person agrees to before anything runs: commands from elsewhere, and writing to a real cluster.

Called by `tutorial.app` and `tutorial.wiring`. Where nobody can be asked, the flags say it: `--trust`
for the commands, and `--auto` with the cluster's name for the cluster.
"""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterator, Set
from itertools import groupby, zip_longest

from tutorial.backends.backend import Backend
from tutorial.engine.plan import Plan
from tutorial.engine.ports import Stopper
from tutorial.engine.probing import probe_command
from tutorial.errors import UsageError
from tutorial.options import RunOptions
from tutorial.steps.catalog import is_bundled
from tutorial.steps.model import ObjectReference, Step, Tutorial
from tutorial.text.escapes import safe_text
from tutorial.ui import wording
from tutorial.ui.environment import Environment
from tutorial.ui.opening import open_question, open_view


def commands_digest(tutorial: Tutorial) -> str:
    """A digest of every command of the tutorial: the same digest, the same commands."""
    return hashlib.sha256("\0".join(text for _, text in _commands(tutorial)).encode()).hexdigest()


def trusts_commands(
    tutorial: Tutorial, options: RunOptions, environment: Environment, signals: Stopper, trusted: str = ""
) -> bool:
    """Whether the tutorial's commands may run here: it is a bundled one, `--trust` was given, they are
    those of `trusted` (a digest of an earlier time), or the person agrees to the list of them.

    Raises:
        UsageError: nobody can be asked.
    """
    if options.trust or is_bundled(tutorial.path) or trusted == commands_digest(tutorial):
        return True
    if not environment.can_ask(data_on_stdout=options.output is not None):
        raise UsageError(
            f"The commands of {tutorial.path} do not come with this program, and nobody can be asked.",
            why="They would run on this machine with your rights.",
            do=f"Read them (egress-tutorial show {tutorial.path}), then add --trust.",
        )
    screen = open_view(environment, data_on_stdout=options.output is not None)
    heading = f"These commands come from {tutorial.path} and would run on this machine with your rights"
    screen.show_output(_list_of_commands(tutorial), heading=heading)
    return open_question(environment, screen, signals)("Run them?", "run them", "leave")


def may_write(
    backend: Backend,
    plan: Plan,
    options: RunOptions,
    environment: Environment,
    signals: Stopper,
    *,
    present: Set[ObjectReference],
) -> bool:
    """Whether the run may write to its cluster: it is a sandbox, `--yes` was given, nobody can be asked
    (the command line named the cluster and `--auto`), or the person agrees to what is shown.

    Args:
        present: namespaces that were made beforehand: the run uses and leaves them.
    """
    if backend.kind != "cluster":
        return True
    screen = open_view(environment, data_on_stdout=options.output is not None)
    screen.show_output(
        _what_is_written(backend, plan, present, adopt=options.adopt), heading="This run writes to a cluster"
    )
    if options.yes or not environment.can_ask(data_on_stdout=options.output is not None):
        return True
    return open_question(environment, screen, signals)("Go on?", "go on", "leave; nothing is touched")


def _list_of_commands(tutorial: Tutorial) -> str:
    """Every command as bash gets it, under its step's name, and the values that it can use."""
    lines = [f"{name}={value}" for name, value in tutorial.variables.items()]
    lines = [f"Variables: {' '.join(lines)}"] if lines else []
    for place, commands in groupby(_commands(tutorial), key=lambda each: each[0]):
        lines.append(f"{place}:")
        lines += [textwrap.indent(command.rstrip("\n"), "  ") for _, command in commands]
    return safe_text("\n".join(lines))


def _commands(tutorial: Tutorial) -> Iterator[tuple[str, str]]:
    """Where each command stands, and the command."""
    for step in tutorial.steps:
        for what, command in _commands_of(step):
            yield f"{step.path.name}{what}", command
        if step.probe is not None:
            for outside in tutorial.outside:
                yield f"{step.path.name}, probe", probe_command(step.probe, outside)


def _commands_of(step: Step) -> Iterator[tuple[str, str]]:
    yield "", step.command
    if step.until is not None:
        yield ", until", step.until.command
    for command in step.on_fail:
        yield ", on_fail", command
    for command in step.cleanup.commands:
        yield ", cleanup", command


def _what_is_written(backend: Backend, plan: Plan, present: Set[ObjectReference], *, adopt: bool) -> str:
    rows = [
        ("context", backend.label.removeprefix("cluster: ")),
        ("server", backend.server),
        ("namespaces", ", ".join(plan.namespaces()) or "none"),
        *zip_longest(["makes"], _made_by_namespace(plan, present), fillvalue=""),
        *zip_longest(["uses"], [f"{each}, which stays" for each in sorted(present, key=str)], fillvalue=""),
        (
            "at the end",
            "deletes what it made, and " + ("puts back what it replaced" if adopt else "nothing else"),
        ),
    ]
    return wording.rows_text(rows)


def _made_by_namespace(plan: Plan, present: Set[ObjectReference]) -> list[str]:
    """What the steps create, a line for each namespace, without what is `present`."""
    made: dict[str, list[str]] = {}
    for planned in plan.steps:
        for reference in plan.creates(planned.step):
            if reference in present:
                continue
            place = f"in {reference.namespace}: " if reference.namespace else ""
            made.setdefault(place, []).append(f"{reference.kind}/{reference.name}")
    return [place + ", ".join(dict.fromkeys(names)) for place, names in made.items()]
