"""Events go when they are old or too many."""

from datetime import UTC, datetime, timedelta

from tutorial.sandbox.controllers import event_expiry
from tutorial.sandbox.resources import EVENT


def tell(cluster, name, minutes=0):
    moment = (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    involved = {"kind": "Pod", "namespace": "default", "name": "web"}
    event = {"metadata": {"name": name}, "involvedObject": involved, "lastTimestamp": moment}
    cluster.create(EVENT, "default", event)


def names(cluster):
    return [event["metadata"]["name"] for event in cluster.list(EVENT, "default")]


async def test_an_event_goes_after_an_hour(cluster):
    tell(cluster, "old", minutes=61)
    tell(cluster, "young", minutes=59)
    await cluster.settle()

    assert names(cluster) == ["young"]


async def test_the_latest_events_of_many_are_kept(cluster, monkeypatch):
    monkeypatch.setattr(event_expiry, "MOST_KEPT", 3)
    for number in range(6):
        tell(cluster, f"event-{number}", minutes=10 - number)
    await cluster.settle()

    assert names(cluster) == ["event-3", "event-4", "event-5"]
