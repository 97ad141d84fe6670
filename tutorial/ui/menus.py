"""Lists to choose from: with arrow keys on a terminal, by number in plain mode.

Used by `tutorial.ui.prompts`. questionary is imported when a menu opens, not before.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from tutorial.engine.ports import Stop, Stopper
from tutorial.ui.keys import END_OF_FILE, ESCAPE_SECONDS, SIGNAL, TypedAnswers

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.key_binding import KeyPressEvent
    from prompt_toolkit.output import Output

_WATCH_SECONDS = 0.1
_WIDE = 70
_INSTRUCTION = "(arrows or letters, Enter; Esc goes back)"
_SHORT_INSTRUCTION = "(Esc goes back)"


@dataclass(frozen=True)
class Option:
    value: str
    label: str


Chooser = Callable[[str, Sequence[Option], str], str | None]
"""`choose(message, options, current)`: the chosen value, or None for none (Esc, Ctrl-C, the end)."""


def choose_with_arrows(signals: Stopper) -> Chooser:
    """A menu moved by arrow keys and filtered by typing, drawn on stderr. SIGTERM and SIGHUP close it."""

    def choose(message: str, options: Sequence[Option], current: str) -> str | None:
        import questionary

        question = questionary.select(
            message,
            choices=[questionary.Choice(option.label, option.value) for option in options],
            default=current or None,
            use_jk_keys=False,
            use_search_filter=True,
            instruction=_INSTRUCTION if get_terminal_size().columns >= _WIDE else _SHORT_INSTRUCTION,
            output=_menu_output(),
        )
        question.application.erase_when_done = True
        _let_escape_close(question.application)
        try:
            with _own_wakeup_descriptor():
                application = question.application
                return str(application.run(pre_run=lambda: _watch(application, signals), handle_sigint=False))
        except (KeyboardInterrupt, EOFError):
            return None

    return choose


def _let_escape_close(application: Application[Any]) -> None:
    """Esc leaves the menu; the terminal's own sequences begin with the same byte, but go on at once."""
    from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings

    bindings = KeyBindings()

    @bindings.add("escape", eager=True)
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(exception=EOFError)

    own = [application.key_bindings] if application.key_bindings else []
    application.key_bindings = merge_key_bindings([*own, bindings])
    application.ttimeoutlen = ESCAPE_SECONDS


def _menu_output() -> Output:
    """stderr, without asking the terminal where its cursor is: some never answer."""
    from prompt_toolkit.output import create_output
    from prompt_toolkit.output.vt100 import Vt100_Output

    output = create_output(stdout=sys.stderr)
    if isinstance(output, Vt100_Output):
        output.enable_cpr = False
    return output


def _watch(application: Application[Any], signals: Stopper) -> None:
    """Look for SIGTERM and SIGHUP while the menu is open: its event loop hides their descriptor."""
    import asyncio

    if application.is_done:
        return
    if signals.pending() in (Stop.TERMINATE, Stop.HANGUP):
        application.exit(exception=EOFError)
    else:
        asyncio.get_running_loop().call_later(_WATCH_SECONDS, _watch, application, signals)


@contextmanager
def _own_wakeup_descriptor() -> Iterator[None]:
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
        with answers.listening():
            line = answers.read_line()
        if line in (SIGNAL, END_OF_FILE) or not line.isdecimal() or not 1 <= int(line) <= len(options):
            return None
        return options[int(line) - 1].value

    return choose
