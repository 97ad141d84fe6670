"""Lists to choose from: with arrow keys on a terminal, by number in plain mode.

Used by `tutorial.ui.prompts`. questionary is imported when a menu opens, not before.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tutorial.ui.keys import END_OF_FILE, SIGNAL, HasFileno, TypedAnswers


@dataclass(frozen=True)
class Option:
    value: str
    label: str


Chooser = Callable[[str, Sequence[Option], str], str | None]
"""`choose(message, options, current)`: the chosen value, or None for none (Esc, Ctrl-C, the end)."""


def choose_with_arrows(signals: HasFileno) -> Chooser:
    """A menu moved by arrow keys and filtered by typing, drawn on stderr."""

    def choose(message: str, options: Sequence[Option], current: str) -> str | None:
        import asyncio

        import questionary
        from prompt_toolkit.output import create_output

        question = questionary.select(
            message,
            choices=[questionary.Choice(option.label, option.value) for option in options],
            default=current or None,
            use_jk_keys=False,
            use_search_filter=True,
            instruction="(arrows or letters, Enter; Ctrl-C goes back)",
            output=create_output(stdout=sys.stderr),
        )
        application = question.application

        def stop_on_signal() -> None:
            asyncio.get_running_loop().add_reader(
                signals.fileno(), lambda: application.exit(exception=EOFError)
            )

        try:
            with _signals_as_before():
                chosen = application.run(pre_run=stop_on_signal, handle_sigint=False)
        except (KeyboardInterrupt, EOFError):
            return None
        return str(chosen)

    return choose


@contextmanager
def _signals_as_before() -> Iterator[None]:
    """Give the run's wakeup descriptor back, which asyncio's own signal handling replaces."""
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)


def choose_by_number(answers: TypedAnswers, write: Callable[[str], None]) -> Chooser:
    """A numbered list; the number is typed."""

    def choose(message: str, options: Sequence[Option], current: str) -> str | None:
        write(message)
        for number, option in enumerate(options, 1):
            here = " (here)" if option.value == current else ""
            write(f"{number}. {option.label}{here}")
        write("Type a number and Enter, or only Enter to go back.")
        line = answers.read_line()
        if line in (SIGNAL, END_OF_FILE) or not line.isdecimal() or not 1 <= int(line) <= len(options):
            return None
        return options[int(line) - 1].value

    return choose
