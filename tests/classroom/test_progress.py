"""Where an attendee is, from nothing but the objects that are there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tutorial.classroom.progress import Standing, milestones, standing
from tutorial.classroom.roster import Attendee
from tutorial.steps.loader import find_tutorial, load_tutorial
from tutorial.steps.model import ObjectReference

BEGIN = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
SEVEN = Attendee("egress", 7)


@pytest.fixture(scope="module")
def passed():
    return milestones(load_tutorial(find_tutorial("all")), SEVEN, ["curl", "sleep"])


def where(passed, until, sample="sleep") -> Standing:
    """Where one is who did everything up to a step."""
    present = {}
    for number, each in enumerate(passed):
        if all(sample in reference.name or "my-" in reference.name for reference in each.objects):
            present |= dict.fromkeys(each.objects, BEGIN + timedelta(minutes=number))
        if each.step.id == until and each.objects <= present.keys():
            break
    return standing(passed, present, None)


@pytest.mark.parametrize("sample", ["sleep", "curl"])
@pytest.mark.parametrize(
    "step",
    [
        "deploy-sleep",
        "deploy-sleep-without-istio",
        "create-service",
        "create-destination-rule",
        "create-wikipedia-service",
        "create-endpoints",
        "create-wikipedia-rule",
    ],
)
def test_the_last_step_whose_objects_are_there(passed, step, sample):
    found = where(passed, step, sample)

    assert (found.state, found.step) == ("at a step", step)
    assert all(each.namespace in SEVEN.namespaces for each in found.objects)


def test_since_when_is_the_newest_object(passed):
    objects = [reference for each in passed[:2] for reference in each.objects]
    present = {reference: BEGIN + timedelta(minutes=number) for number, reference in enumerate(objects)}

    assert standing(passed, present, BEGIN).since == max(present.values())


def test_nothing_there_is_two_things(passed):
    assert standing(passed, {}, None) == Standing("not begun")
    assert standing(passed, {}, BEGIN) == Standing("nothing there", since=BEGIN)


def test_half_of_a_step_is_no_step(passed):
    half = ObjectReference("serviceaccount", "sleep", "egress-07")

    assert standing(passed, {half: BEGIN}, None) == Standing("at a step", "", (half,), BEGIN)


def test_others_objects_are_not_looked_at(passed):
    others = ObjectReference("service", "my-httpbin", "egress-08")
    own = ObjectReference("service", "another", "egress-07")

    assert standing(passed, {others: BEGIN, own: BEGIN}, None).state == "not begun"
