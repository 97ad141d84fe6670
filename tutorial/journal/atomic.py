"""Replace a file at once: a reader sees the old content or the new, never a part.

Called by `tutorial.journal.run_folder` and `tutorial.backends.overlay`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tutorial.errors import JournalError


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` for this user only (0600), on disk before it returns. A file that
    holds it already is left as it is: that works on a full disk, too.

    Raises:
        JournalError: it cannot be written; the old content is still there.
    """
    with suppress(OSError):
        if path.read_bytes() == content:
            return
    temporary = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise JournalError.unwritable(path, error) from None
