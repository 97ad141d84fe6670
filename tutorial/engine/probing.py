"""Asks the outside as soon as a pod is there to ask from, so that a presenter knows before the audience.

Called by `tutorial.engine.loop` after a step that has a `probe`. It is the counterpart of `control`,
which asks only after a step has failed: nothing depends on the answer, and nothing is shown but what
does not answer.
"""

from __future__ import annotations

from tutorial.engine.context import Context
from tutorial.engine.ports import CommandResult, Stop
from tutorial.steps.model import Outside, Probe, Step
from tutorial.text.escapes import safe_text

SECONDS = 15.0
"""For one command. The commands bound their requests themselves; this is for what is around them."""


def probe_outside(context: Context, step: Step) -> None:
    """Run each command of the tutorial's `outside` behind the step's, and tell what does not answer."""
    plan = context.plan
    if step.probe is None or not plan.applies(step.probe.when):
        return
    for outside in plan.tutorial.outside:
        if not plan.applies(outside.when):
            continue
        command = probe_command(step.probe, outside)
        result = context.shell.run(command, timeout=SECONDS, on_output=lambda *_: None, carry=False)
        if result.ended_by == "interrupt" or context.stopper.pending() is not Stop.NONE:
            return
        if result.exit_code != 0:
            reason = context.tools.masker.mask(_reason(result))
            name = plan.fill(outside.name)
            context.emitter.notice(
                f"{name} does not answer from the cluster ({reason}). The steps that ask it will fail.",
                "warning",
            )


def probe_command(probe: Probe, outside: Outside) -> str:
    """The command as bash gets it."""
    return f"{probe.behind.rstrip()} {outside.command}"


def _reason(result: CommandResult) -> str:
    """The first line that the command said, or how it ended."""
    if result.ended_by == "timeout":
        return f"no answer within {SECONDS:g} s"
    lines = result.output.strip().splitlines()
    return safe_text(lines[0]) if lines else f"exit code {result.exit_code}"
