"""Masks credentials in text: what a run shows or records must not hold a token, a key or a password.

Used by the engine on output, after the escape filter, and on the other texts of events. Works line
by line: `StreamMasker` gives for a stream what `Masker.mask` gives for the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tutorial.text.credentials import MASK, before_data, is_secret, mask_credentials
from tutorial.text.manifests import ManifestMasker

MAX_LINE = 65_536
"""Characters after which a line without an end is masked as it stands, to keep memory bounded."""

MIN_SECRET = 4
"""Characters that a given value must have to be masked: shorter ones would hit ordinary words."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Masker:
    """Masks credentials, and the given `secrets` wherever they appear, by `***`.

    Args:
        secrets: values to mask; each line of a value counts, when it is long enough.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        lines = {line.strip() for secret in secrets for line in secret.splitlines()}
        values = sorted((line for line in lines if len(line) >= MIN_SECRET), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, values))) if values else None

    def mask(self, text: str) -> str:
        """`text` with its credentials masked; masking again changes nothing."""
        stream = StreamMasker(self)
        return stream.feed(text) + stream.flush()

    def mask_secrets(self, line: str) -> str:
        """`line` with the given values masked, and no others."""
        return self._secrets.sub(MASK, line) if self._secrets else line


class StreamMasker:
    """One stream's masker: text waits until its line ends, no longer."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._manifest = ManifestMasker()
        self._waiting = ""
        self._hides_rest = False

    def feed(self, chunk: str) -> str:
        """The masked lines that `chunk` completes."""
        text = self._waiting + chunk
        masked: list[str] = []
        start = 0
        while True:
            newline = text.find("\n", start, start + MAX_LINE)
            if newline >= 0:
                masked.append(self._mask_end(text[start:newline]) + "\n")
                start = newline + 1
            elif len(text) - start >= MAX_LINE:
                masked.append(self._mask_piece(text[start : start + MAX_LINE]))
                start += MAX_LINE
            else:
                break
        self._waiting = text[start:]
        return "".join(masked)

    def flush(self) -> str:
        """End the stream: the last line, when it had no newline."""
        waiting, self._waiting = self._waiting, ""
        return self._mask_end(waiting) if waiting else ""

    def _mask_piece(self, piece: str) -> str:
        """A piece of a line that is too long. Where a Secret begins in it, nothing of its data and of the
        rest of the line is shown: its end cannot be told."""
        if self._hides_rest:
            return ""
        masked = self._mask_line(piece)
        self._hides_rest = is_secret(piece)
        return before_data(masked) + MASK if self._hides_rest else masked

    def _mask_end(self, line: str) -> str:
        """A whole line, or the end of one that was too long."""
        hides, self._hides_rest = self._hides_rest, False
        return "" if hides else self._mask_line(line)

    def _mask_line(self, line: str) -> str:
        """Credentials are looked for under the colours; a masked line's colours move to its end."""
        plain = _COLOUR.sub("", line)
        masked = self._masker.mask_secrets(plain)
        masked = mask_credentials(self._manifest.mask_line(masked))
        if masked == plain:
            return line
        return masked + "".join(_COLOUR.findall(line))
