"""Which key means what at which pause. Pure data; used by `tutorial.ui.prompts`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tutorial.engine.decisions import Action, Pause, PauseKind
from tutorial.ui.keys import ENTER, ESCAPE, PAGE_DOWN, PAGE_UP, SPACE
from tutorial.ui.screen import Choice


class Request(Enum):
    """What the prompts do themselves before (or without) a decision."""

    SKIP = "ask when other steps need this one"
    EDIT = "open the editor"
    LIST = "choose a step to jump to"
    QUIT = "ask: roll back or keep"
    HINT = "show the hints"
    WHY = "show the longer explanation"
    OBJECTS = "show the objects now"
    KEYS = "show all keys"


@dataclass(frozen=True)
class Binding:
    """Keys, how they are shown, and what they ask for."""

    keys: frozenset[str]
    choice: Choice
    asks: Action | Request


def _bind(asks: Action | Request, shown: str, word: str, help_text: str, *keys: str) -> Binding:
    return Binding(frozenset(keys or (shown,)), Choice(shown, word, help_text), asks)


_FORWARD = (ENTER, SPACE, PAGE_DOWN)
_RUN = _bind(Action.RUN, "Enter", "run", "run the command (also Space, PgDn)", *_FORWARD)
_NEXT = _bind(Action.RUN, "Enter", "next", "go on to the next step (also Space, PgDn)", *_FORWARD)
_CLEAN_UP = _bind(Action.RUN, "Enter", "clean up", "go on with the cleanup section", *_FORWARD)
_RETRY = _bind(Action.AGAIN, "Enter", "again", "run the command again (also a)", *_FORWARD, "a")
_AGAIN = _bind(Action.AGAIN, "a", "again", "run it again; undone first when it cannot be repeated")
_SKIP = _bind(Request.SKIP, "k", "skip", "skip this step")
_UNDO = _bind(
    Action.UNDO, "u", "undo", "undo this step (before it ran: the one before); restore what is lost"
)
_EDIT = _bind(Request.EDIT, "e", "edit", "change the command in your editor, then run it")
_HINT = _bind(Request.HINT, "h", "hint", "what to expect, and what to do when it goes wrong")
_WHY = _bind(Request.WHY, "w", "why", "the longer explanation")
_LIST = _bind(Request.LIST, "l", "list", "list the steps and jump to one")
_OBJECTS = _bind(Request.OBJECTS, "o", "objects", "show the objects as they are now")
_SHELL = _bind(Action.SHELL, "s", "shell", "open a shell with the run's environment; Ctrl-D returns")
_REST = _bind(Action.REST, "c", "", "run the rest of this section in one go")
_BACK = _bind(Action.BACK, "PgUp", "", "look back at the step before (also b)", PAGE_UP, "b")
_KEYS = _bind(Request.KEYS, "?", "keys", "show these keys")
_QUIT = _bind(Request.QUIT, "q", "quit", "end: put everything back, or keep it for later")

_BINDINGS = {
    PauseKind.BEFORE: (
        *(_RUN, _SKIP, _EDIT, _HINT, _WHY, _LIST, _SHELL),
        *(_OBJECTS, _UNDO, _REST, _BACK, _KEYS, _QUIT),
    ),
    PauseKind.AFTER: (
        *(_NEXT, _AGAIN, _UNDO, _WHY, _LIST, _OBJECTS, _SHELL),
        *(_EDIT, _HINT, _REST, _BACK, _KEYS, _QUIT),
    ),
    PauseKind.FAILED: (
        *(_RETRY, _EDIT, _SKIP, _SHELL, _UNDO, _HINT, _WHY, _OBJECTS, _LIST, _BACK, _KEYS, _QUIT),
    ),
    PauseKind.CLEANUP: (_CLEAN_UP, _OBJECTS, _SHELL, _LIST, _REST, _BACK, _KEYS, _QUIT),
}
_BINDINGS[PauseKind.INTERRUPTED] = _BINDINGS[PauseKind.FAILED]

QUESTIONS = {
    PauseKind.CLEANUP: "The cleanup is next. Everything is still here: try something of your own.",
}
"""What is said above the keys, by the kind of pause."""

ROLL_BACK = Choice("Enter", "roll back", "end and put everything back")
KEEP = Choice("k", "keep", "end and keep everything for egress-tutorial resume")
STAY = Choice("Esc", "stay", "go back to the step (also b)")
CONTROL_C = Choice("Ctrl-C", "", "at a command: stop it; at a pause: ask whether to quit")
QUIT_KEYS = {
    ENTER: Action.QUIT,
    "q": Action.QUIT,
    "y": Action.QUIT,
    "r": Action.QUIT,
    "k": Action.KEEP,
    ESCAPE: None,
    "b": None,
    "n": None,
}
"""Answers to the question that `q` asks; None goes back to the step."""


def bindings(pause: Pause) -> tuple[Binding, ...]:
    """The keys of this pause; hints and the longer explanation only where the step has them."""
    step = pause.step
    missing = set()
    if not step.why:
        missing.add(_WHY)
    if not (step.hints or step.sample):
        missing.add(_HINT)
    return tuple(binding for binding in _BINDINGS[pause.kind] if binding not in missing)
