"""The sandbox's memory: objects by type, one revision counter, and the history that watches read.

`tutorial.sandbox.api.objects` alone writes to it; nothing here knows defaults or rules. Objects are
JSON-ready dicts that are never changed once stored: a change stores a new one. Everything runs in
one event loop's thread, so plain methods are atomic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.store.watching import StoredChange, StoreWatch

Object = dict[str, Any]
StorageKey = tuple[str, str]

HISTORY = 1000
"""How many changes, of all types together, can be replayed to watches that resume."""


class TooOldError(Exception):
    """A watch asks to resume from a revision whose changes are no longer known."""


@dataclass
class _Table:
    """The objects of one type, and its latest changes, oldest first."""

    objects: dict[str | None, dict[str, Object]] = field(default_factory=dict)
    history: deque[StoredChange] = field(default_factory=deque)
    forgotten: int = 0
    watches: set[StoreWatch] = field(default_factory=set)


class Store:
    """Tables of objects under one revision counter, which is every object's resourceVersion."""

    def __init__(self) -> None:
        self.revision = 1
        self._tables: dict[StorageKey, _Table] = {}
        self._changed: deque[_Table] = deque()
        """The tables of all changes that are remembered, the oldest change first."""

    def _table(self, resource: ResourceType) -> _Table:
        key = resource.storage_key
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = _Table()
        return table

    def get(self, resource: ResourceType, namespace: str | None, name: str) -> Object | None:
        """The stored object, or None."""
        names = self._table(resource).objects.get(namespace)
        return names.get(name) if names else None

    def list(self, resource: ResourceType, namespace: str | None = None) -> list[Object]:
        """The objects of one namespace, or all of them, by namespace and name."""
        objects = self._table(resource).objects
        if namespace is not None:
            names = objects.get(namespace, {})
            return [names[name] for name in sorted(names)]
        return [
            names[name] for _, names in sorted(objects.items(), key=_by_namespace) for name in sorted(names)
        ]

    def put(self, resource: ResourceType, obj: Object) -> Object:
        """Store `obj` under the next revision; returns it as stored (a copy with that revision)."""
        table = self._table(resource)
        stored = self._with_next_revision(obj)
        metadata = stored["metadata"]
        names = table.objects.setdefault(metadata.get("namespace"), {})
        previous = names.get(metadata["name"])
        names[metadata["name"]] = stored
        kind = "ADDED" if previous is None else "MODIFIED"
        self._record(table, StoredChange(self.revision, kind, stored, previous))
        return stored

    def remove(self, resource: ResourceType, obj: Object) -> Object:
        """Take `obj` out; returns its last form, under the revision of its removal.

        Raises:
            KeyError: it is not stored.
        """
        table = self._table(resource)
        metadata = obj["metadata"]
        names = table.objects[metadata.get("namespace")]
        previous = names.pop(metadata["name"])
        if not names:
            del table.objects[metadata.get("namespace")]
        gone = self._with_next_revision(obj)
        self._record(table, StoredChange(self.revision, "DELETED", gone, previous))
        return gone

    def watch(
        self,
        resource: ResourceType,
        *,
        since: int | None = None,
        limit: int | None = None,
        initial: Iterable[Object] = (),
    ) -> StoreWatch:
        """Changes of one type in every namespace: those after revision `since`, or, without it,
        `initial` as ADDED; then live ones.

        Args:
            since: the revision that the watcher has seen.
            limit: how many changes may wait for a slow watcher before it is ended.

        Raises:
            TooOldError: changes after `since` are no longer known.
        """
        table = self._table(resource)
        if since is None:
            backlog = [StoredChange(self.revision, "ADDED", obj, None) for obj in initial]
        elif since < table.forgotten:
            raise TooOldError
        else:
            backlog = [change for change in table.history if change.revision > since]
        watch = StoreWatch(backlog, limit=limit, on_close=table.watches.discard)
        table.watches.add(watch)
        return watch

    def latest_revision(self, resource: ResourceType) -> int:
        """The revision of the latest change of this type, 0 before the first."""
        history = self._table(resource).history
        return history[-1].revision if history else 0

    def oldest_revision(self, resource: ResourceType) -> int:
        """The oldest revision that a watch of this type can resume from."""
        return self._table(resource).forgotten

    def _with_next_revision(self, obj: Object) -> Object:
        self.revision += 1
        return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}

    def _record(self, table: _Table, change: StoredChange) -> None:
        table.history.append(change)
        self._changed.append(table)
        if len(self._changed) > HISTORY:
            oldest = self._changed.popleft()
            oldest.forgotten = oldest.history.popleft().revision
        for watch in tuple(table.watches):
            watch.push(change)


def _by_namespace(item: tuple[str | None, dict[str, Object]]) -> str:
    return item[0] or ""
