"""The escape filter written plainly, one character after the other: what `tutorial.text.escapes` must show,
which takes many at once. Used by `tests/text/test_escapes.py`.
"""

from __future__ import annotations

from tutorial.text.colours import ColourFilter
from tutorial.text.escapes import MAX_SEQUENCE, MAX_STRING, UNSAFE, name_of


class FilterByCharacter:
    """As `EscapeFilter`, for one whole text."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = ColourFilter() if colours else None
        self._take = self._text
        self._shown: list[str] = []
        self._sequence = ""
        self._length = 0
        self._after_return = False

    def clean(self, text: str) -> str:
        for character in text:
            while not self._take(character):
                pass
        return "".join(self._shown) + (self._colours.reset() if self._colours else "")

    def _text(self, character: str) -> bool:
        """As every state: false for a character that the next state has to look at again."""
        after_return, self._after_return = self._after_return, False
        if character == "\x1b":
            self._take = self._escape
        elif character == "\r":
            self._after_return = True
            self._shown.append("\n")
        elif not (after_return and character == "\n"):
            self._shown.append(name_of(character) if UNSAFE.match(character) else character)
        return True

    def _escape(self, character: str) -> bool:
        if character == "[":
            self._take, self._sequence = self._csi, ""
            return True
        if character in "]PX^_":
            self._take, self._length = self._string, 0
            return True
        return self._rest_of_escape(character)

    def _rest_of_escape(self, character: str) -> bool:
        if character == "\x1b":
            self._take = self._escape
            return True
        if " " <= character <= "/":
            self._take = self._rest_of_escape
            return True
        self._take = self._text
        return "0" <= character <= "~"

    def _csi(self, character: str) -> bool:
        if character == "\x1b":
            self._take = self._escape
            return True
        if " " <= character <= "?" and len(self._sequence) < MAX_SEQUENCE:
            self._sequence += character
            return True
        self._take = self._text
        if character == "m" and self._colours:
            self._shown.append(self._colours.filter(self._sequence))
        return "@" <= character <= "~"

    def _string(self, character: str) -> bool:
        if character == "\x1b":
            self._take = self._escape
            return True
        self._length += 1
        if character not in "\r\n\x07\x18\x1a\x9c" and self._length <= MAX_STRING:
            return True
        self._take = self._text
        return character in "\x07\x18\x1a\x9c"
