"""Keys, one at a time, from a terminal: decoding, reading, and the terminal's settings.

`Keyboard` is used by `tutorial.ui.prompts` and by whoever waits for "any key". Between reads the
terminal is always as it was found.
"""

from __future__ import annotations

import os
import select
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

ENTER = "enter"
SPACE = "space"
PAGE_DOWN = "page down"
PAGE_UP = "page up"
ESCAPE = "escape"
END_OF_FILE = "end of file"
SIGNAL = "signal"
"""Not a key: a signal has come while the keyboard was read."""

ESCAPE_SECONDS = 0.05
"""How long the rest of an escape sequence may take; after it, the Escape key was pressed."""

_SEQUENCES = {
    b"[A": "up",
    b"[B": "down",
    b"[C": "right",
    b"[D": "left",
    b"[H": "home",
    b"[F": "end",
    b"[1~": "home",
    b"[4~": "end",
    b"[5~": PAGE_UP,
    b"[6~": PAGE_DOWN,
    b"[15~": "f5",
    b"OA": "up",
    b"OB": "down",
    b"OC": "right",
    b"OD": "left",
}
_CONTROLS = {
    0x04: END_OF_FILE,
    0x09: "tab",
    0x0A: ENTER,
    0x0D: ENTER,
    0x1B: ESCAPE,
    0x20: SPACE,
    0x7F: "backspace",
}
_OTHER = "other"
"""A key that has no name here: every such key is ignored alike."""


class HasFileno(Protocol):
    """Something that becomes readable when a signal has come (`tutorial.engine.ports.Stopper`)."""

    def fileno(self) -> int: ...


def decode_keys(data: bytes) -> list[str]:
    """The names of the keys that a terminal sent as `data`, complete sequences assumed.

    A printable character is its own name; a sequence without a name here gives `other`.
    """
    keys: list[str] = []
    while data:
        key, length = _first_key(data)
        keys.append(key)
        data = data[length:]
    return keys


def _first_key(data: bytes) -> tuple[str, int]:
    """The first key in `data` and how many bytes it takes."""
    first = data[0]
    if first == 0x1B and data[1:2] in (b"[", b"O"):
        length = _sequence_length(data)
        return _SEQUENCES.get(data[1:length], _OTHER), length
    if first in _CONTROLS:
        return _CONTROLS[first], 1
    if first < 0x20:
        return _OTHER, 1
    length = _character_length(first)
    text = data[:length].decode("utf-8", "ignore")
    return (text if len(text) == 1 and text.isprintable() else _OTHER), length


def _sequence_length(data: bytes) -> int:
    """Bytes of the escape sequence that `data` begins with (ECMA-48: parameters, then a final
    byte from `@` to `~`; `ESC O` takes one more byte)."""
    if data[1:2] == b"O":
        return min(3, len(data))
    for index in range(2, len(data)):
        if 0x40 <= data[index] <= 0x7E:
            return index + 1
    return len(data)


def _character_length(first: int) -> int:
    """Bytes of the UTF-8 character that begins with `first`."""
    if first >= 0xF0:
        return 4
    if first >= 0xE0:
        return 3
    return 2 if first >= 0xC0 else 1


class Keyboard:
    """Reads single keys from a terminal.

    Args:
        descriptor: the terminal.
        signals: becomes readable when a signal has come; None when nobody catches signals.
    """

    def __init__(self, descriptor: int, signals: HasFileno | None = None) -> None:
        self._descriptor = descriptor
        self._signals = signals

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for keys: without echo and line editing, while Ctrl-C stays a signal. What was
        typed before is thrown away. The terminal's settings come back at the end."""
        with self._without_line_editing():
            self.discard_typed()
            yield

    @contextmanager
    def _without_line_editing(self) -> Iterator[None]:
        try:
            before = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor, termios.TCSANOW)
        except termios.error:
            yield
            return
        try:
            yield
        finally:
            with suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, before)

    def read(self) -> str:
        """Wait for a key and return its name; call it while `listening`.

        Text that arrives at once with different keys in it (a paste) is ignored, but for an Enter
        that follows a key: over a slow line the two come together. Returns SIGNAL when a signal has
        come, END_OF_FILE for Ctrl-D. Raises EOFError when the terminal has gone.
        """
        while True:
            if not self.wait_for_input(None):
                return SIGNAL
            data = self._read_bytes()
            if not data:
                raise EOFError("the terminal has gone")
            first, *others = decode_keys(data)
            if set(others) <= {first} or others == [ENTER]:
                return first

    def wait(self, seconds: float) -> bool:
        """Sleep for `seconds`; return True at once when a key is pressed or waits to be read, False
        on a signal."""
        with self._without_line_editing():
            if not self.wait_for_input(seconds):
                return False
            self.discard_typed()
            return True

    def discard_typed(self) -> None:
        """Throw away what was typed and not yet read."""
        with suppress(termios.error):
            termios.tcflush(self._descriptor, termios.TCIFLUSH)

    def wait_for_input(self, seconds: float | None) -> bool:
        """True when input has come, False on a signal or when `seconds` are over."""
        watched: list[int] = [self._descriptor]
        if self._signals is not None:
            watched.append(self._signals.fileno())
        readable, _, _ = select.select(watched, [], [], seconds)
        return self._descriptor in readable and len(readable) == 1

    def _read_bytes(self) -> bytes:
        """What has come, with the rest of an escape sequence that came in pieces; empty at the end."""
        data = self.read_once()
        deadline = time.monotonic() + ESCAPE_SECONDS
        while _is_cut(data) and self.wait_for_input(max(0.0, deadline - time.monotonic())):
            more = self.read_once()
            if not more:
                break
            data += more
        return data

    def read_once(self) -> bytes:
        """What has come; empty at the end of the terminal."""
        try:
            return os.read(self._descriptor, 1024)
        except OSError:
            return b""


def _is_cut(data: bytes) -> bool:
    """Whether `data` ends inside an escape sequence."""
    start = data.rfind(b"\x1b")
    if start < 0:
        return False
    tail = data[start:]
    if len(tail) == 1:
        return True
    if tail[1:2] == b"O":
        return len(tail) < 3
    return tail[1:2] == b"[" and not any(0x40 <= byte <= 0x7E for byte in tail[2:])


_TYPED_NAMES = {
    "": ENTER,
    "enter": ENTER,
    "space": SPACE,
    "esc": ESCAPE,
    "\x1b": ESCAPE,
    "pgdn": PAGE_DOWN,
    "pgup": PAGE_UP,
}
"""Keys that are typed by their names."""


class TypedAnswers:
    """Reads answers as typed lines, for plain mode: an empty line is Enter, a word its first letter.

    Args:
        descriptor: the terminal.
        signals: becomes readable when a signal has come.
    """

    def __init__(self, descriptor: int, signals: HasFileno | None = None) -> None:
        self._keyboard = Keyboard(descriptor, signals)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """What was typed before is thrown away; the terminal stays as it is."""
        self._keyboard.discard_typed()
        yield

    def read(self) -> str:
        """Wait for a line. Returns ENTER for an empty one, SIGNAL, END_OF_FILE, the key that was named
        (`Esc`, `PgUp`), or the first character of what was typed, in lower case."""
        line = self.read_line()
        if line in (SIGNAL, END_OF_FILE):
            return line
        return _TYPED_NAMES.get(line.lower(), line[:1].lower())

    def read_line(self) -> str:
        """Wait for a line and return it without the spaces around it, SIGNAL, or END_OF_FILE."""
        line = b""
        while not line.endswith(b"\n"):
            if not self._keyboard.wait_for_input(None):
                return SIGNAL
            data = self._keyboard.read_once()
            if not data:
                return END_OF_FILE
            line += data
        return line.decode("utf-8", "replace").strip()
