"""What prompts need of a view: one owner draws, so that prompts and events never overwrite each other.

Implemented by `tutorial.ui.terminal_view` and `tutorial.ui.plain_view`; used by `tutorial.ui.prompts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tutorial.engine.events import Event


@dataclass(frozen=True)
class Choice:
    """A key that can be pressed now: how it is written, a word for the footer, a sentence for `?`."""

    key: str
    word: str
    help: str


class Screen(Protocol):
    """A view that can also ask. Every method raises OSError when the terminal has gone."""

    def handle(self, event: Event) -> None: ...

    def say(self, text: str, *, heading: str = "") -> None:
        """Draw Markdown under a heading; both are made safe to show."""
        ...

    def show_output(self, text: str, *, heading: str = "") -> None:
        """Draw a program's output as it stands under a heading; both are made safe to show."""
        ...

    def show_keys(self, choices: Sequence[Choice]) -> None:
        """Draw every key with what it does."""
        ...

    def ask(self, question: str, choices: Sequence[Choice]) -> None:
        """Show what can be pressed; `answered` follows."""
        ...

    def answered(self) -> None:
        """The question was answered: take it off the screen where that can be done."""
        ...
