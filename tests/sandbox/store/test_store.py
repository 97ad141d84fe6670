"""The store: revisions, order, history and watches."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial.sandbox.resources import CONFIG_MAP, DESTINATION_RULE, SERVICE
from tutorial.sandbox.store.store import HISTORY, Store, TooOldError
from tutorial.sandbox.store.watching import WatchOverflowError

BETA = replace(DESTINATION_RULE, version="v1beta1")


def config(name: str, namespace: str = "default", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def test_every_write_has_a_revision_of_its_own() -> None:
    store = Store()
    first = store.put(CONFIG_MAP, config("a"))
    second = store.put(SERVICE, config("a"))
    gone = store.remove(CONFIG_MAP, first)
    revisions = [int(obj["metadata"]["resourceVersion"]) for obj in (first, second, gone)]
    assert revisions == sorted(set(revisions))
    assert revisions[-1] == store.revision
    assert store.get(CONFIG_MAP, "default", "a") is None
    assert store.get(SERVICE, "default", "a") == second


def test_stored_objects_are_not_the_callers() -> None:
    store = Store()
    mine = config("a")
    store.put(CONFIG_MAP, mine)
    assert "resourceVersion" not in mine["metadata"]


def test_lists_are_in_order_of_namespace_and_name() -> None:
    store = Store()
    for namespace, name in (("b", "x"), ("a", "z"), ("a", "y")):
        store.put(CONFIG_MAP, config(name, namespace))
    places = [(o["metadata"]["namespace"], o["metadata"]["name"]) for o in store.list(CONFIG_MAP)]
    assert places == [("a", "y"), ("a", "z"), ("b", "x")]
    assert [o["metadata"]["name"] for o in store.list(CONFIG_MAP, "a")] == ["y", "z"]
    assert store.list(CONFIG_MAP, "none") == []


def test_versions_of_a_kind_share_their_objects() -> None:
    store = Store()
    store.put(DESTINATION_RULE, config("a"))
    assert store.get(BETA, "default", "a") is not None


async def test_a_watch_resumes_after_the_revision_it_saw() -> None:
    store = Store()
    seen = store.put(CONFIG_MAP, config("a"))
    store.put(CONFIG_MAP, config("a", x="1"))
    watch = store.watch(CONFIG_MAP, since=int(seen["metadata"]["resourceVersion"]))
    store.remove(CONFIG_MAP, seen)
    changes = [await anext(watch), await anext(watch)]
    assert [change.type for change in changes] == ["MODIFIED", "DELETED"]
    assert changes[0].previous == seen


async def test_a_watch_waits_for_what_comes() -> None:
    store = Store()
    watch = store.watch(CONFIG_MAP)
    waiting = asyncio.create_task(anext(watch))  # type: ignore[arg-type]  # anext gives an awaitable
    await asyncio.sleep(0)
    store.put(CONFIG_MAP, config("a"))
    assert (await waiting).type == "ADDED"
    watch.close()
    with pytest.raises(StopAsyncIteration):
        await anext(watch)


async def test_forgotten_changes_are_refused() -> None:
    store = Store()
    first = store.put(CONFIG_MAP, config("a"))
    for number in range(HISTORY + 1):
        store.put(CONFIG_MAP, config("a", n=str(number)))
    with pytest.raises(TooOldError):
        store.watch(CONFIG_MAP, since=int(first["metadata"]["resourceVersion"]))
    store.watch(CONFIG_MAP, since=store.oldest_revision(CONFIG_MAP)).close()


async def test_a_watcher_that_is_too_slow_is_ended_and_told() -> None:
    store = Store()
    watch = store.watch(CONFIG_MAP, limit=3)
    for number in range(5):
        store.put(CONFIG_MAP, config("a", n=str(number)))
    with pytest.raises(WatchOverflowError):
        await anext(watch)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["put", "remove"]))))
def test_a_watch_tells_enough_to_rebuild_the_list(writes: list[tuple[str, str]]) -> None:
    store = Store()
    watch = store.watch(CONFIG_MAP)
    for name, action in writes:
        present = store.get(CONFIG_MAP, "default", name)
        if action == "put":
            store.put(CONFIG_MAP, config(name))
        elif present is not None:
            store.remove(CONFIG_MAP, present)
    rebuilt: dict[str, Any] = {}
    for change in watch.drain():
        name = change.object["metadata"]["name"]
        assert (name in rebuilt) is (change.type != "ADDED")
        if change.type == "DELETED":
            del rebuilt[name]
        else:
            rebuilt[name] = change.object
    assert [rebuilt[name] for name in sorted(rebuilt)] == store.list(CONFIG_MAP)
