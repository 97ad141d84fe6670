"""Fills `${NAME}` in a step's texts and patterns with the run's values.

Called by the engine for what the screen shows, by `tutorial.expect` for patterns, and by lint.
Commands are never filled in before they run: bash does that itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A `${NAME}` as it is written in texts and patterns; the name is group 1."""


def fill(text: str, variables: Mapping[str, str], *, escape: Callable[[str], str] = str) -> str:
    """`text` with each `${NAME}` replaced by `escape(value)`; a name without a value stays.

    For a regular expression pass `escape=re.escape`, so that a value is never read as a pattern.
    """

    def value_of(reference: re.Match[str]) -> str:
        name = reference.group(1)
        return escape(variables[name]) if name in variables else reference.group()

    return REFERENCE.sub(value_of, text)


def references(text: str) -> list[tuple[int, str]]:
    """Where `text` refers to which variable: (offset of the `$`, name), in order."""
    return [(found.start(), found.group(1)) for found in REFERENCE.finditer(text)]
