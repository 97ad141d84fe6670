"""The run's records as the engine uses them: in memory, and in the journal while that can be written.

Made by `tutorial.wiring`. When the journal fails, no new step may begin, but undo and rollback go on
with what is in memory; what could not be written is tried again with each later record, for a
rollback may make room.
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
        self._unwritten: list[Record] = []
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
        self._unwritten.append(record)
        try:
            while self._unwritten:
                self._journal.append(self._unwritten[0])
                del self._unwritten[0]
        except JournalError as error:
            self.failure = self.failure or error

    @property
    def is_written(self) -> bool:
        """Whether all that has happened is in the journal."""
        return not self._unwritten

    def records(self) -> Sequence[Record]:
        return self._records
