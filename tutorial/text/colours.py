"""Lets SGR sequences (colours and styles) through, but none that makes text unreadable.

Used by `tutorial.text.escapes`. Concealing (8) is dropped, and so is a background that equals the
foreground. What comes out is written anew from the parameters understood, so that no terminal can
read it differently. Parameters as in ECMA-48 8.3.117 and xterm's 38 and 48.
"""

from __future__ import annotations

import re

_PARAMETERS = re.compile(r"[0-9;:]*\Z")
_MAX_DIGITS = 5

_CONCEAL = 8
_STYLES = frozenset({*range(1, 8), 9, *range(21, 30), 53, 55})
_FOREGROUNDS = frozenset({*range(30, 38), *range(90, 98)})
_BACKGROUNDS = frozenset({*range(40, 48), *range(100, 108)})
_EXTENDED = {38: "foreground", 48: "background"}
_PALETTE, _RGB = 5, 2


class ColourFilter:
    """Follows one stream's colours, to see when text would be drawn in its background's colour."""

    def __init__(self) -> None:
        self._foreground: tuple[int, ...] = ()
        self._background: tuple[int, ...] = ()
        self._on = False

    def filter(self, parameters: str) -> str:
        """The sequence to write for `CSI parameters m`, or nothing."""
        if not _PARAMETERS.match(parameters):
            return ""
        kept: list[str] = []
        pending = parameters.split(";")
        while pending:
            code = self._next(pending)
            if code is None:
                break
            kept.extend(map(str, code))
        if self._foreground and self._foreground == self._background:
            self._background = ()
            kept.append("49")
        return f"\x1b[{';'.join(kept)}m" if kept else ""

    def reset(self) -> str:
        """The sequence that switches everything off, when something is on."""
        was_on, self._on = self._on, False
        self._foreground = self._background = ()
        return "\x1b[0m" if was_on else ""

    def _next(self, pending: list[str]) -> tuple[int, ...] | None:
        """Take one attribute off `pending`: its numbers, none when it is dropped, or None when what
        follows cannot be told apart any more."""
        parts = pending.pop(0).split(":")
        if any(len(part) > _MAX_DIGITS for part in parts):
            return ()
        numbers = [int(part or 0) for part in parts]
        code = numbers[0]
        if code in _EXTENDED:
            colour = _from_colons(numbers[1:]) if len(numbers) > 1 else _from_semicolons(pending)
            if colour is None:
                return () if len(numbers) > 1 else None
            self._set(_EXTENDED[code], colour)
            return (code, *colour)
        return self._plain(code)

    def _plain(self, code: int) -> tuple[int, ...]:
        if code == 0:
            self.reset()
        elif code in _FOREGROUNDS:
            self._set("foreground", (_PALETTE, code - 30 if code < 90 else code - 82))
        elif code in _BACKGROUNDS:
            self._set("background", (_PALETTE, code - 40 if code < 100 else code - 92))
        elif code == 39:
            self._foreground = ()
        elif code == 49:
            self._background = ()
        elif code in _STYLES:
            self._on = True
        else:
            return ()
        return (code,)

    def _set(self, layer: str, colour: tuple[int, ...]) -> None:
        self._on = True
        if layer == "foreground":
            self._foreground = colour
        else:
            self._background = colour


def _from_semicolons(pending: list[str]) -> tuple[int, ...] | None:
    """The colour after `38` in `38;5;N` or `38;2;R;G;B`, taken off `pending`."""
    length = 2 if pending[:1] == ["5"] else 4
    taken = pending[:length]
    del pending[:length]
    if len(taken) < length or any(":" in part or len(part) > _MAX_DIGITS for part in taken):
        return None
    return _colour([int(part or 0) for part in taken])


def _from_colons(numbers: list[int]) -> tuple[int, ...] | None:
    """The colour in `38:5:N`, `38:2:R:G:B` or `38:2:SPACE:R:G:B`."""
    if numbers[0] == _RGB and len(numbers) >= 5:
        return _colour([_RGB, *numbers[2:5]])
    return _colour(numbers)


def _colour(numbers: list[int]) -> tuple[int, ...] | None:
    wanted = {_PALETTE: 2, _RGB: 4}.get(numbers[0])
    if wanted != len(numbers) or any(number > 255 for number in numbers):
        return None
    return tuple(numbers)
