"""Names and labels of a class: what is its own, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tutorial.classroom.manifests import Injection, objects_of
from tutorial.classroom.roster import Attendee, attendee_of, attendees
from tutorial.errors import UsageError


def test_names_are_numbered_from_one():
    names = [each.namespaces for each in attendees("egress", 100)]

    assert names[0] == ("egress-01", "egress-01-plain")
    assert names[99] == ("egress-100", "egress-100-plain")
    assert len({name for pair in names for name in pair}) == 200


@pytest.mark.parametrize("prefix", ["", "A", "1a", "a-", "a_b", "a.b", "x" * 49, "kube", "istio", "kube-x"])
def test_a_prefix_that_cannot_be(prefix):
    with pytest.raises(UsageError) as caught:
        attendees(prefix, 1)

    assert "--prefix" in caught.value.do


@pytest.mark.parametrize("count", [0, -1, 501])
def test_a_number_that_cannot_be(count):
    with pytest.raises(UsageError):
        attendees("egress", count)


@given(some.sampled_from(["a", "egress", "x" * 48, "a-1"]), some.integers(1, 500))
def test_the_longest_name_is_a_namespaces(prefix, number):
    attendee = attendees(prefix, 500)[number - 1]

    assert all(len(name) <= 63 for name in attendee.namespaces)
    assert all(attendee_of(name, attendee.labels) == attendee for name in attendee.namespaces)


@pytest.mark.parametrize(
    ("name", "number"), [("default", "01"), ("egress-02", "01"), ("egress-01-x", "01"), ("egress-01", "x")]
)
def test_labels_alone_do_not_make_a_namespace_the_class_s(name, number):
    labels = {**Attendee("egress", 1).labels, "egress-tutorial/attendee": number}

    assert attendee_of(name, labels) is None
    assert attendee_of("egress-01", {}) is None


@pytest.mark.parametrize(
    ("injection", "label"),
    [(Injection(), ("istio-injection", "enabled")), (Injection("1-27"), ("istio.io/rev", "1-27"))],
)
def test_every_object_is_labelled_and_one_namespace_injected(injection, label):
    objects = objects_of(Attendee("egress", 1), injection)

    for each in objects:
        assert Attendee("egress", 1).labels.items() <= each["metadata"]["labels"].items()
    first, second = (each["metadata"]["labels"] for each in objects[:2])
    assert [each["kind"] for each in objects[:2]] == ["Namespace", "Namespace"]
    assert label in first.items()
    assert (first.keys() & {"istio-injection", "istio.io/rev"}) == {label[0]}
    assert second["istio-injection"] == "disabled"
