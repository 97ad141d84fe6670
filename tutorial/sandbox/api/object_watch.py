"""The `Watch` port for the parts in this process: present objects, SYNCED, then changes.

Made by `tutorial.sandbox.api.objects.ObjectsFacade.watch`.
"""

from __future__ import annotations

from tutorial.sandbox.ports import Change
from tutorial.sandbox.resources import ResourceType
from tutorial.sandbox.store.watching import StoreWatch


class ObjectWatch:
    """Changes of one type in one namespace (all of them for None).

    Args:
        changes: the store's changes, the present objects first.
        present: how many of them are the present objects.
    """

    def __init__(
        self, changes: StoreWatch, resource: ResourceType, namespace: str | None, present: int
    ) -> None:
        self._changes = changes
        self._api_version = resource.api_version
        self._namespace = namespace
        self._present = present
        self._synced = False

    def __aiter__(self) -> ObjectWatch:
        return self

    async def __anext__(self) -> Change:
        while True:
            if self._present == 0 and not self._synced:
                self._synced = True
                return Change("SYNCED", {})
            change = await anext(self._changes)
            self._present = max(0, self._present - 1)
            obj = change.object
            if self._namespace is None or obj["metadata"].get("namespace") == self._namespace:
                if obj["apiVersion"] != self._api_version:
                    obj = {**obj, "apiVersion": self._api_version}
                return Change(change.type, obj)

    def close(self) -> None:
        self._changes.close()
