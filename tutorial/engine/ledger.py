"""The run's records as the engine uses them: in memory, and in the journal while that can be written.

Made by `tutorial.app`'s engine calls. When the journal fails, no new step may begin, but undo and
rollback go on with what is in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from tutorial.engine.records import Adopted, Intent, Journal, Record
from tutorial.errors import JournalError


class Ledger:
    """See the module. `failure` is the error that ended writing, if any."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._records = list(journal.records())
        self.failure: JournalError | None = None

    def begin(self, intent: Intent | Adopted) -> None:
        """Write what is about to be done. Raises JournalError when it is not on disk: nothing may be
        done then."""
        if self.failure is not None:
            raise self.failure
        try:
            self._journal.append(intent)
        except JournalError as error:
            self.failure = error
            raise
        self._records.append(intent)

    def note(self, record: Record) -> None:
        """Write what has happened. It counts even when it cannot be written; see `failure`."""
        self._records.append(record)
        if self.failure is not None:
            return
        try:
            self._journal.append(record)
        except JournalError as error:
            self.failure = error

    def records(self) -> Sequence[Record]:
        return self._records
