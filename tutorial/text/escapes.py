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
from functools import cache

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

UNSAFE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_INVISIBLE}\ud800-\udfff]")
"""One character that must not be shown as it is."""

_UNSAFE_RUN = re.compile(f"{UNSAFE.pattern}+")

_ESC = "\x1b"
_CSI = rf"\[[ -?]{{0,{MAX_SEQUENCE}}}+"
_STRING = rf"[\]PX^_][^\x1b\x07\x18\x1a\x9c\n]{{0,{MAX_STRING}}}+"
_OTHER = r"(?![\[\]PX^_])[ -/]*+"
"""Sequences without their last character. A string's is BEL, ST, CAN or SUB; a line's end or too great a
length ends it as well, so that one that is never closed hides nothing after it."""

_UNFINISHED = re.compile(rf"\x1b(?:{_CSI}|{_STRING}|{_OTHER})\Z")
_COLOUR = re.compile(rf"\x1b\[([ -?]{{0,{MAX_SEQUENCE}}}+)m")
_SEQUENCE = re.compile(rf"\x1b(?:{_CSI}[@-~]?|{_STRING}[\x07\x18\x1a\x9c]?|{_OTHER}[0-~]?)")
_NO_COLOUR = re.compile(rf"\x1b(?:{_CSI}(?!m)[@-~]?|{_STRING}[\x07\x18\x1a\x9c]?|{_OTHER}[0-~]?)")
"""Every ESC begins a sequence, also one inside of another, which that ends."""


class EscapeFilter:
    """One stream's filter; it remembers a sequence that a chunk's end cut in two.

    Args:
        colours: let SGR colours and styles through (never those that conceal text).
    """

    def __init__(self, *, colours: bool = True) -> None:
        self._colours = ColourFilter() if colours else None
        self._unfinished = ""
        self._after_return = False

    def feed(self, chunk: str) -> str:
        """The safe form of `chunk`. Feeding a text in pieces gives the same as feeding it whole."""
        text = self._whole_sequences(self._unfinished + self._with_line_ends(chunk))
        if self._colours is None or _ESC not in text:
            return _with_names(_SEQUENCE.sub("", text))
        plain, *rest = _COLOUR.split(_NO_COLOUR.sub("", text))
        shown = [_with_names(plain)]
        for parameters, plain in zip(rest[::2], rest[1::2], strict=True):
            shown += self._colours.filter(parameters), _with_names(plain)
        return "".join(shown)

    def flush(self) -> str:
        """End the stream: forget an unfinished sequence, and switch off colours left on."""
        self._unfinished = ""
        self._after_return = False
        return self._colours.reset() if self._colours else ""

    def _whole_sequences(self, text: str) -> str:
        """The text without the sequence at its end that has not ended yet, which is kept."""
        last = text.rfind(_ESC)
        if last == -1 or not _UNFINISHED.match(text, last):
            self._unfinished = ""
            return text
        self._unfinished = text[last:]
        if " " <= text[last + 1 : last + 2] <= "/":  # one stands for any number of them
            self._unfinished = text[last : last + 2]
        return text[:last]

    def _with_line_ends(self, chunk: str) -> str:
        """The chunk with `\\n` for a carriage return, also for one with its line feed."""
        if not chunk:
            return ""
        if self._after_return:
            chunk = chunk.removeprefix("\n")
        self._after_return = chunk.endswith("\r")
        return chunk.replace("\r\n", "\n").replace("\r", "\n") if "\r" in chunk else chunk


def safe_text(text: str) -> str:
    """A whole text made safe to show, without colours: for words that came from elsewhere."""
    escapes = EscapeFilter(colours=False)
    return escapes.feed(text) + escapes.flush()


@cache
def name_of(character: str) -> str:
    """A character that cannot be shown, by name: `^H`, `\\x9b`, `\\u202e`, `\\U000e0041`."""
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return "^" + chr(code ^ 0x40)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _with_names(text: str) -> str:
    """Text without sequences, with a name for every character that must not be shown."""
    return _UNSAFE_RUN.sub(lambda run: "".join(map(name_of, run[0])), text)
