"""`show`: a tutorial's steps, or one of them in full. Loaded by `tutorial.cli.program`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tutorial.cli.arguments import complete_tutorial
from tutorial.cli.group import ExamplesCommand, suggestion
from tutorial.cli.hanging import hanging
from tutorial.errors import UsageError
from tutorial.ui.environment import Environment

if TYPE_CHECKING:
    from tutorial.steps.model import Step, Tutorial
    from tutorial.ui.screen import Screen


@click.command(
    cls=ExamplesCommand,
    examples=(
        ("egress-tutorial show externalname", "its steps, in order"),
        ("egress-tutorial show externalname access-with-sidecar", "everything a step says and does"),
    ),
)
@click.argument("tutorial", shell_complete=complete_tutorial)
@click.argument("step", required=False)
@click.pass_obj
def show(environment: Environment, tutorial: str, step: str | None) -> None:
    """Show the steps of TUTORIAL (a name from `list`, or a folder), or one STEP in full."""
    from tutorial.steps.loader import find_tutorial, load_tutorial
    from tutorial.ui.opening import open_view

    found = load_tutorial(find_tutorial(tutorial))
    if step is None:
        click.echo("\n".join(_overview(found, environment.columns(environment.stdout))))
    else:
        _draw_step(open_view(environment), found, _find_step(found, step))


def _overview(tutorial: Tutorial, columns: int | None) -> list[str]:
    """Title, variables, and every step under its section; what is not counted has a dash."""
    from tutorial.steps.conditions import counted_steps

    counted = [step.id for step in counted_steps(tutorial)]
    lines = [hanging("", text, columns) for text in (tutorial.title, tutorial.summary) if text]
    if tutorial.variables:
        settings = ", ".join(f"{name}={value}" for name, value in tutorial.variables.items())
        lines.append(hanging("Variables: ", settings, columns))
    section = ""
    for step in tutorial.steps:
        if step.section != section:
            section = step.section
            lines += ["", tutorial.sections.get(section, section)]
        number = counted.index(step.id) + 1 if step.id in counted else "-"
        lines.append(hanging(f"  {number:>2}  {step.id:<27} ", _title(tutorial, step), columns))
    return lines


def _title(tutorial: Tutorial, step: Step) -> str:
    """The step's title, with the settings that it is for when these are not the default ones."""
    from tutorial.steps.conditions import fits
    from tutorial.steps.substitute import fill

    title = fill(step.title, tutorial.variables)
    if fits(step.when, tutorial.variables):
        return title
    settings = (f"--set {name}={value}" for name, value in step.when.items() if name in tutorial.variables)
    return f"{title} ({', '.join(settings)})"


def _find_step(tutorial: Tutorial, step_id: str) -> Step:
    """The step of that id, or of that number. Raises UsageError with a suggestion."""
    from tutorial.steps.conditions import counted_steps

    counted = counted_steps(tutorial)
    if step_id.isdecimal() and 1 <= int(step_id) <= len(counted):
        return counted[int(step_id) - 1]
    by_id = {step.id: step for step in tutorial.steps}
    if step_id not in by_id:
        raise UsageError(
            f"{tutorial.name} has no step {step_id!r}.{suggestion(step_id, by_id)}",
            do=f"egress-tutorial show {tutorial.name}",
        )
    return by_id[step_id]


def _draw_step(screen: Screen, tutorial: Tutorial, step: Step) -> None:
    """All that the step file says, with the tutorial's own values filled in."""
    from tutorial.steps.substitute import fill

    def filled(text: str) -> str:
        return fill(text, tutorial.variables)

    screen.say(filled(step.explain), heading=filled(step.title))
    screen.show_output(filled(step.command), heading="Command")
    for heading, text in (("Why", step.why), ("Afterwards", step.after)):
        if text:
            screen.say(filled(text), heading=heading)
    if step.sample:
        screen.show_output(filled(step.sample), heading="The document shows")
    for heading, references in (("Creates", step.creates), ("Deletes", step.deletes)):
        if references:
            screen.show_output(filled("\n".join(map(str, references))), heading=heading)
    if step.cleanup.commands:
        screen.show_output(filled("\n".join(step.cleanup.commands)), heading="Cleanup")
    if step.needs:
        screen.show_output("\n".join(step.needs), heading="Needs")
