"""Makes a command's output safe to show: nothing in it can move the cursor, set the title, write
the clipboard or hide text.

Used by the engine on every chunk of output, before masking; by `tutorial.expect` with
`colours=False`; by the backends and the command line on what others say in errors. Escape sequences
are removed (colours may stay); other control characters and characters that cannot be seen are
shown by name: `^H`, `\\u202e`. The sequences are those of ECMA-48 and of xterm's control sequence
document.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from tutorial.text.colours import ColourFilter

MAX_SEQUENCE = 256
"""Characters of a CSI sequence after which it cannot be one that a program means."""

MAX_STRING = 4096
"""Characters of an OSC, DCS, APC, PM or SOS string after which it is taken as never ended."""

_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
"""Soft hyphen, fillers, bidirectional marks, overrides and isolates, zero-width characters, line
separators, variation selectors (but the two that choose emoji or text), shorthand and musical
format controls, tags."""

_UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_INVISIBLE}\ud800-\udfff]")

_ESC = "\x1b"
_STRING_STARTS = frozenset("]PX^_")
_STRING_ENDS = frozenset("\x07\x18\x1a\x9c")


class _State(Enum):
    TEXT = auto()
    ESCAPE = auto()
    ESCAPE_INTERMEDIATE = auto()
    CSI = auto()
    STRING = auto()


class EscapeFilter:
    """One stream's filter; it remembers a sequence that a chunk's end cut in two.

    Args:
        colours: let SGR colours and styles through (never those that conceal text).
    """

    def __init__(self, *, colours: bool = True) -> None:
        self._colours = ColourFilter() if colours else None
        self._state = _State.TEXT
        self._sequence = ""
        self._string_length = 0
        self._after_return = False

    def feed(self, chunk: str) -> str:
        """The safe form of `chunk`. Feeding a text in pieces gives the same as feeding it whole."""
        shown: list[str] = []
        position = 0
        while position < len(chunk):
            if self._state is _State.TEXT:
                position = self._take_text(chunk, position, shown)
            elif self._take_sequence(chunk[position], shown):
                position += 1
        return "".join(shown)

    def flush(self) -> str:
        """End the stream: forget an unfinished sequence, and switch off colours left on."""
        self._state = _State.TEXT
        self._after_return = False
        return self._colours.reset() if self._colours else ""

    def _take_text(self, chunk: str, position: int, shown: list[str]) -> int:
        """Copy plain text up to the next unsafe character and deal with that; the new position."""
        if self._after_return:
            self._after_return = False
            if chunk[position] == "\n":
                return position + 1
        unsafe = _UNSAFE.search(chunk, position)
        if unsafe is None:
            shown.append(chunk[position:])
            return len(chunk)
        shown.append(chunk[position : unsafe.start()])
        self._take_unsafe(unsafe.group(), shown)
        return unsafe.end()

    def _take_unsafe(self, character: str, shown: list[str]) -> None:
        if character == _ESC:
            self._state = _State.ESCAPE
        elif character == "\r":
            shown.append("\n")
            self._after_return = True
        else:
            shown.append(_visible(character))

    def _take_sequence(self, character: str, shown: list[str]) -> bool:
        """One character of a sequence; False when it is no part of it and has to be read as text."""
        if self._state is _State.STRING:
            return self._take_string(character)
        if character == _ESC:
            self._state = _State.ESCAPE
            return True
        if self._state is _State.CSI:
            return self._take_csi(character, shown)
        return self._take_escape(character)

    def _take_escape(self, character: str) -> bool:
        if self._state is _State.ESCAPE and character == "[":
            self._state = _State.CSI
            self._sequence = ""
        elif self._state is _State.ESCAPE and character in _STRING_STARTS:
            self._state = _State.STRING
            self._string_length = 0
        elif " " <= character <= "/":
            self._state = _State.ESCAPE_INTERMEDIATE
        else:
            self._state = _State.TEXT
            return "0" <= character <= "~"
        return True

    def _take_csi(self, character: str, shown: list[str]) -> bool:
        if " " <= character <= "?" and len(self._sequence) < MAX_SEQUENCE:
            self._sequence += character
            return True
        self._state = _State.TEXT
        if character == "m" and self._colours:
            shown.append(self._colours.filter(self._sequence))
        return "@" <= character <= "~"

    def _take_string(self, character: str) -> bool:
        """Discard the string. It ends with BEL, ST, CAN or SUB; a line's end or too great a length
        ends it as well, so that a string that is never closed hides nothing after it."""
        self._string_length += 1
        if character == _ESC:
            self._state = _State.ESCAPE
            return True
        if character in _STRING_ENDS:
            self._state = _State.TEXT
            return True
        if character in "\r\n" or self._string_length > MAX_STRING:
            self._state = _State.TEXT
            return False
        return True


def safe_text(text: str) -> str:
    """A whole text made safe to show, without colours: for words that came from elsewhere."""
    escapes = EscapeFilter(colours=False)
    return escapes.feed(text) + escapes.flush()


def _visible(character: str) -> str:
    """A character that cannot be shown, by name: `^H`, `\\x9b`, `\\u202e`, `\\U000e0041`."""
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return "^" + chr(code ^ 0x40)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
