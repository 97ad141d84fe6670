"""Prose beside a lead, for what commands print. Used by `tutorial.cli.main` and `tutorial.cli.commands`.

Lines that hold a command to be copied do not go through this: the terminal breaks them, and copies
them whole.
"""

from __future__ import annotations

import textwrap

_LEAST = 24
"""Columns that the text gets at least, however narrow the terminal is."""


def hanging(lead: str, text: str, columns: int | None) -> str:
    """`text` after `lead`, its further lines under its first; on one line when `columns` is None, which
    it is where no terminal limits it."""
    if columns is None:
        return f"{lead}{text}"
    return textwrap.fill(
        text,
        max(columns, len(lead) + _LEAST),
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )
