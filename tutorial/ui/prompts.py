"""Asks the person at the terminal what to do at a pause: the `Prompter` port of the engine.

Made by `tutorial.ui.opening`. Everything is drawn by the view (`Screen`); keys come one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from tutorial.engine.decisions import Action, Decision, Pause, PauseKind
from tutorial.engine.ports import Stop, Stopper
from tutorial.errors import TutorialError
from tutorial.steps.model import Step
from tutorial.ui import keymap
from tutorial.ui.keymap import Binding, Request
from tutorial.ui.keys import END_OF_FILE, SIGNAL
from tutorial.ui.menus import Chooser, Option
from tutorial.ui.screen import Choice, Screen


class Keys(Protocol):
    """`tutorial.ui.keys.Keyboard` or `TypedAnswers`."""

    def listening(self) -> AbstractContextManager[None]: ...

    def read(self) -> str: ...


class Prompts:
    """One person's answers.

    Args:
        screen: draws.
        keys: where answers come from.
        signals: Ctrl-C asks to quit; SIGTERM and SIGHUP quit at once.
        choose: opens a list.
        edit: opens the editor on a text; None when nothing was changed. Raises TutorialError.
        objects: the run's objects as they are now, as text. Raises TutorialError.
        fill: puts the run's values in place of `${NAME}`.
    """

    def __init__(
        self,
        screen: Screen,
        keys: Keys,
        signals: Stopper,
        *,
        choose: Chooser,
        edit: Callable[[str], str | None],
        objects: Callable[[], str],
        fill: Callable[[str], str],
    ) -> None:
        self._screen = screen
        self._keys = keys
        self._signals = signals
        self._choose = choose
        self._edit = edit
        self._objects = objects
        self._fill = fill

    def decide(self, pause: Pause) -> Decision:
        """Ask until there is a decision. Raises OSError or EOFError when the terminal has gone."""
        bindings = keymap.bindings(pause)
        question = keymap.QUESTIONS.get(pause.kind, "")
        while True:
            asked = self._read_request(question, bindings)
            decision = self._carry_out(asked, pause, bindings)
            if decision is not None:
                return decision
            question = ""

    @contextmanager
    def _asking(self, question: str, choices: Sequence[Choice]) -> Iterator[None]:
        """The question stands on the screen while the body waits for its answer. Listening begins
        first, so that no key is lost that answers what is shown."""
        with self._keys.listening():
            self._screen.ask(question, choices)
            try:
                yield
            finally:
                self._screen.answered()

    def _read_request(self, question: str, bindings: Sequence[Binding]) -> Action | Request:
        """What the next key that means something asks for."""
        by_key = {key: binding.asks for binding in bindings for key in binding.keys}
        with self._asking(question, [binding.choice for binding in bindings]):
            while True:
                key = self._keys.read()
                if key in (SIGNAL, END_OF_FILE):
                    return Action.QUIT if self._must_stop() else Request.QUIT
                if key in by_key:
                    return by_key[key]

    def _must_stop(self) -> bool:
        """Whether a signal demands the end; a Ctrl-C is only a question, and is forgotten."""
        demands = self._signals.pending() in (Stop.TERMINATE, Stop.HANGUP)
        if not demands:
            self._signals.clear()
        return demands

    def _carry_out(
        self, asked: Action | Request, pause: Pause, bindings: Sequence[Binding]
    ) -> Decision | None:
        """The decision that was asked for, or None after something was only shown."""
        if isinstance(asked, Action):
            return Decision(asked)
        try:
            match asked:
                case Request.QUIT:
                    return self._ask_how_to_quit()
                case Request.SKIP:
                    return self._skip(pause)
                case Request.EDIT:
                    return self._edit_command(pause)
                case Request.LIST:
                    return self._jump(pause)
                case Request.OBJECTS:
                    self._screen.show_output(self._objects(), heading="The objects now")
                case Request.WHY:
                    self._screen.say(self._fill(pause.step.why), heading="Why")
                case Request.HINT:
                    self._show_hints(pause)
                case Request.KEYS:
                    self._show_keys(bindings)
        except TutorialError as error:
            self._screen.say("\n\n".join(part for part in (error.why, error.do) if part), heading=error.what)
        return None

    def _ask_how_to_quit(self) -> Decision | None:
        choices = (keymap.ROLL_BACK, keymap.KEEP, keymap.STAY)
        with self._asking("Quit?", choices):
            while True:
                key = self._keys.read()
                if key in (SIGNAL, END_OF_FILE):
                    return Decision(Action.QUIT)
                if key in keymap.QUIT_KEYS:
                    action = keymap.QUIT_KEYS[key]
                    return Decision(action) if action else None

    def _skip(self, pause: Pause) -> Decision | None:
        """Skip at once when no other step needs this one; otherwise name them and ask."""
        if not pause.dependants:
            return Decision(Action.SKIP)
        self._screen.say(
            "\n".join(f"- {title}" for title in pause.dependants), heading="These steps need this one"
        )
        confirm = (Choice("k", "skip it", ""), Choice("Esc", "stay (any other key)", ""))
        with self._asking("Skip it, and them?", confirm):
            key = self._keys.read()
        if key == SIGNAL and self._must_stop():
            return Decision(Action.QUIT)
        return Decision(Action.SKIP) if key in ("k", "y") else None

    def _edit_command(self, pause: Pause) -> Decision | None:
        changed = self._edit(pause.command)
        self._must_stop()
        if changed is None:
            self._screen.say("The command was left as it is.")
            return None
        return Decision(Action.EDIT, changed)

    def _jump(self, pause: Pause) -> Decision | None:
        options = [Option(step.id, self._label(step, pause)) for step in pause.steps]
        chosen = self._choose("Jump to which step?", options, pause.step.id)
        if self._must_stop():
            return Decision(Action.QUIT)
        if chosen is None or (chosen == pause.step.id and pause.kind is PauseKind.BEFORE):
            return None
        return Decision(Action.JUMP, chosen)

    def _label(self, step: Step, pause: Pause) -> str:
        """A step's line in the list."""
        done = "done" if step.id in pause.done else "    "
        section = pause.sections.get(step.section, step.section)
        return f"{done}  {self._fill(step.title)}  ({section})"

    def _show_hints(self, pause: Pause) -> None:
        step = pause.step
        if step.sample:
            self._screen.show_output(self._fill(step.sample), heading="The document shows")
        if step.hints:
            causes = [
                " ".join(part.strip() for part in (hint.cause, hint.fix) if part) for hint in step.hints
            ]
            text = "\n".join(f"- {cause}" for cause in causes)
            self._screen.say(self._fill(text), heading="When it goes wrong")

    def _show_keys(self, bindings: Sequence[Binding]) -> None:
        self._screen.show_keys([*(binding.choice for binding in bindings), keymap.CONTROL_C])
