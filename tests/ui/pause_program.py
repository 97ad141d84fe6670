"""A tiny program with the real view, prompts and signals: pauses at two steps, prints each decision.

Run by the tests in a terminal: `python pause_program.py KIND [--plain] [--busy SECONDS]`.
"""

from __future__ import annotations

import sys
import time

from ui.samples import make_pause, make_step

from tutorial.engine.decisions import Action, PauseKind
from tutorial.engine.events import StepStarted
from tutorial.shell.signals import Signals
from tutorial.ui.environment import Environment
from tutorial.ui.opening import open_prompts, open_view

ENDINGS = (Action.QUIT, Action.KEEP)


def main(kind: PauseKind, busy: float) -> None:
    """Decide at each step until an ending; be busy for a while after each decision."""
    environment = Environment.resolve(plain="--plain" in sys.argv)
    view = open_view(environment)
    steps = (make_step("first"), make_step("second"))
    with Signals() as signals:
        prompts = open_prompts(
            environment,
            view,
            signals,
            objects=lambda: "service/my-httpbin",
            fill=lambda text: text.replace("${NAMESPACE}", "default"),
        )
        for number, step in enumerate(steps, 1):
            view.handle(
                StepStarted(0, step.id, number, 2, step.section, step.title, "Text.", step.command, "", False)
            )
            pause = make_pause(kind, step, steps, number=number, dependants=("Title of second",))
            decision = prompts.decide(pause)
            tell(f"DECISION {number}: {decision.action.name} {decision.text.strip()}")
            if decision.action in ENDINGS:
                break
            time.sleep(busy)
    tell("THE END")


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    seconds = float(sys.argv[sys.argv.index("--busy") + 1]) if "--busy" in sys.argv else 0.0
    main(PauseKind[sys.argv[1]], seconds)
