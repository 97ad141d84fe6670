"""Watches on the wire: one JSON line for each event. Called by `tutorial.sandbox.api.handlers`.

Kinds of watch: from a revision; from now, the present objects first; and the list that is streamed
(`sendInitialEvents`), which ends its first part with a bookmark.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import orjson
from aiohttp import web

from tutorial.sandbox.api import errors, replies
from tutorial.sandbox.api.listing import ListQuery, shown
from tutorial.sandbox.api.objects import ObjectsFacade, as_version
from tutorial.sandbox.api.routes import Target
from tutorial.sandbox.store.store import TooOldError
from tutorial.sandbox.store.watching import StoredChange, StoreWatch, WatchOverflowError

Object = dict[str, Any]

WAITING_CHANGES = 2000
"""How many changes may wait for a slow client before it has to list again."""

_BOOKMARK_SECONDS = 60.0
_END_OF_INITIAL = {"k8s.io/initial-events-end": "true"}


async def serve_watch(
    request: web.BaseRequest, objects: ObjectsFacade, target: Target, query: ListQuery
) -> web.StreamResponse:
    """Stream changes until the client goes, the time is up, or the client is too slow."""
    response = web.StreamResponse(
        headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
    )
    replies.add_warnings(response, objects.schemas.warnings(target.resource))
    replies.stream(request, response)
    events = _Events(target, query)
    store = objects.store
    from_start = query.initial_events or query.revision in ("", "0")
    present = [] if not from_start else list(objects.list(target.resource, target.namespace))
    try:
        since = None if from_start else _revision(query.revision)
        watch = store.watch(target.resource, since=since, limit=WAITING_CHANGES, initial=present)
    except TooOldError:
        await response.prepare(request)
        oldest = store.oldest_revision(target.resource)
        await response.write(_error(f"too old resource version: {query.revision} ({oldest})"))
        return response
    try:
        await response.prepare(request)
        first = events.lines(watch.drain())
        if query.initial_events:
            first += events.bookmark(store.revision, _END_OF_INITIAL)
        if first:
            await response.write(first)
        await _follow(response, watch, events, objects, query)
    except ConnectionError:
        pass
    finally:
        watch.close()
    return response


async def _follow(
    response: web.StreamResponse, watch: StoreWatch, events: _Events, objects: ObjectsFacade, query: ListQuery
) -> None:
    end = time.monotonic() + (query.timeout_seconds or random.uniform(1800, 3600))
    while (left := end - time.monotonic()) > 0:
        try:
            async with asyncio.timeout(min(left, _BOOKMARK_SECONDS)):
                change = await anext(watch)
        except TimeoutError:
            if query.bookmarks and time.monotonic() < end:
                await response.write(events.bookmark(objects.store.revision))
            continue
        except WatchOverflowError:
            await response.write(_error("the watch was too slow: changes were dropped"))
            return
        except StopAsyncIteration:
            return
        lines = events.lines([change, *watch.drain()])
        if lines:
            await response.write(lines)


class _Events:
    """Turns stored changes into the lines of one client's watch."""

    def __init__(self, target: Target, query: ListQuery) -> None:
        self._target = target
        self._query = query
        self._columns_sent = False

    def lines(self, changes: list[StoredChange]) -> bytes:
        return b"".join(self._line(*event) for change in changes for event in self._seen(change))

    def bookmark(self, revision: int, annotations: Object | None = None) -> bytes:
        resource = self._target.resource
        metadata: Object = {"resourceVersion": str(revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        obj: Object = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        if self._query.form == "Table":
            partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
            obj = {
                "kind": "Table",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": {"resourceVersion": str(revision)},
                "columnDefinitions": None,
                "rows": [{"cells": [], "object": partial}],
            }
        return orjson.dumps({"type": "BOOKMARK", "object": obj}) + b"\n"

    def _seen(self, change: StoredChange) -> list[tuple[str, Object]]:
        """The change as this watch sees it: an object that starts or stops to match comes or goes."""
        obj = change.object
        namespace = self._target.namespace
        if namespace is not None and obj["metadata"].get("namespace") != namespace:
            return []
        now = change.type != "DELETED" and self._query.matches(obj)
        before = change.previous is not None and self._query.matches(change.previous)
        if now:
            return [("MODIFIED" if before else "ADDED", obj)]
        return [("DELETED", _under_revision(change, obj))] if before else []

    def _line(self, kind: str, obj: Object) -> bytes:
        resource = self._target.resource
        document = shown(resource, as_version(resource, obj), self._query, columns=not self._columns_sent)
        self._columns_sent = True
        return orjson.dumps({"type": kind, "object": document}) + b"\n"


def _under_revision(change: StoredChange, obj: Object) -> Object:
    """What went, in its last matching form, under the revision of its going."""
    if change.type == "DELETED" or change.previous is None:
        return obj
    metadata = {**change.previous["metadata"], "resourceVersion": str(change.revision)}
    return {**change.previous, "metadata": metadata}


def _revision(text: str) -> int:
    if not text.isdecimal():
        raise errors.bad_request(
            f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: invalid syntax'
        )
    return int(text)


def _error(message: str) -> bytes:
    return orjson.dumps({"type": "ERROR", "object": errors.expired(message).to_status()}) + b"\n"
