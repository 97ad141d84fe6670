"""Opens the view, the prompts and single questions that fit the surroundings.

Called by `tutorial.wiring`, `consent`, `forgetting` and the commands that show or ask something.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tutorial.engine.ports import Stopper
from tutorial.ui.editor import edit
from tutorial.ui.environment import Environment
from tutorial.ui.keys import END_OF_FILE, ESCAPE, SIGNAL, Keyboard, TypedAnswers
from tutorial.ui.menus import choose_by_number, choose_with_arrows
from tutorial.ui.prompts import Prompts
from tutorial.ui.screen import Choice, Screen


def open_view(environment: Environment, *, data_on_stdout: bool = False, keys: bool = True) -> Screen:
    """The terminal view on a terminal, plain lines elsewhere and in plain mode.

    Args:
        keys: whether a key ends what is waited for; else only Ctrl-C does.
    """
    stream = environment.view_stream(data_on_stdout=data_on_stdout)
    if environment.plain or not environment.is_terminal(stream):
        from tutorial.ui.plain_view import PlainView

        return PlainView(stream)
    from tutorial.ui.console import open_console
    from tutorial.ui.terminal_view import TerminalView

    return TerminalView(open_console(environment, stream), keys=keys)


def open_question(
    environment: Environment, screen: Screen, signals: Stopper
) -> Callable[[str, str, str], bool]:
    """A question for the person at the terminal that only `y` agrees to: `ask(question, yes, no)`, the
    last two the words behind the keys. Any signal, and the terminal's end, mean no."""
    descriptor = environment.stdin.fileno()
    keys = TypedAnswers(descriptor, signals) if environment.plain else Keyboard(descriptor, signals)

    def ask(question: str, yes: str, no: str) -> bool:
        with keys.listening():
            screen.ask(question, (Choice("y", yes, yes), Choice("n", no, no)))
            try:
                while True:
                    key = keys.read()
                    if key in ("y", "n", "q", ESCAPE, SIGNAL, END_OF_FILE):
                        return key == "y"
            except EOFError:
                return False
            finally:
                screen.answered()

    return ask


def open_prompts(
    environment: Environment,
    screen: Screen,
    signals: Stopper,
    *,
    objects: Callable[[], str],
    fill: Callable[[str], str],
) -> Prompts:
    """Prompts for the person at the terminal; `environment.can_ask()` was true.

    Args:
        objects: the run's objects as they are now, as text to show. Raises TutorialError.
        fill: puts the run's values in place of `${NAME}`.
    """
    descriptor = environment.stdin.fileno()
    typed = TypedAnswers(descriptor, signals)
    plain = environment.plain
    return Prompts(
        screen,
        typed if plain else Keyboard(descriptor, signals),
        signals,
        choose=choose_by_number(typed, screen.say) if plain else choose_with_arrows(signals),
        edit=partial(edit, environment=environment, signals=signals),
        objects=objects,
        fill=fill,
    )
