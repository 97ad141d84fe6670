"""What a run's variables hold, by what was set and what the facts say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutorial.engine.plan import make_plan
from tutorial.engine.settings import adapted_settings
from tutorial.errors import UsageError
from tutorial.steps.catalog import find_tutorial
from tutorial.steps.loader import load_tutorial
from tutorial.steps.model import AdaptedValue, Tutorial

CLUSTER = {"backend": "cluster", "istio": "1.20.3"}
TUTORIAL = Tutorial(
    name="test",
    path=Path(),
    title="Test",
    summary="",
    requires="cluster",
    variables={"API": "v1", "FIRST": "192.0.2.1", "SECOND": "192.0.2.2"},
    sections={},
    steps=(),
    adapted_values={
        "API": (AdaptedValue({"istio": "<1.22"}, value="v1beta1"),),
        "FIRST": (AdaptedValue({"backend": "cluster"}, address_of="example.org"),),
        "SECOND": (AdaptedValue({"FIRST": "192.0.2.2"}, value="192.0.2.3"),),
    },
)


def settings(facts: dict[str, str], address: str | None = None, **given: str) -> dict[str, str]:
    return adapted_settings(TUTORIAL, given, facts, {"example.org": address}.get)


def test_without_a_reason_the_defaults_stand() -> None:
    assert settings({"backend": "sandbox", "istio": "1.31.0"}, "203.0.113.9") == TUTORIAL.variables


def test_what_holds_takes_the_defaults_place() -> None:
    assert settings(CLUSTER, "203.0.113.9") == {
        "API": "v1beta1",
        "FIRST": "203.0.113.9",
        "SECOND": "192.0.2.2",
    }


def test_what_was_given_stands() -> None:
    assert settings(CLUSTER, "203.0.113.9", API="v1", FIRST="198.51.100.1")["FIRST"] == "198.51.100.1"
    assert settings(CLUSTER, API="v1")["API"] == "v1"


def test_a_name_without_an_address_leaves_the_default() -> None:
    assert settings(CLUSTER)["FIRST"] == "192.0.2.1"


def test_a_condition_sees_the_variables_before_it() -> None:
    assert settings(CLUSTER, "192.0.2.2")["SECOND"] == "192.0.2.3"


def test_a_variable_that_the_tutorial_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="no variable THIRD"):
        settings(CLUSTER, THIRD="x")


@pytest.mark.parametrize("value", ["a --all", "a;b", "$(id)", "-n", "a\tb", "a'b"])
def test_a_setting_that_would_add_words_to_a_command_is_refused(value: str) -> None:
    lesson = load_tutorial(find_tutorial("externalname"))
    for name in ("NAMESPACE", "PLAIN_NAMESPACE"):
        with pytest.raises(UsageError, match=r"can be the name of no object|cannot be"):
            make_plan(lesson, settings={name: value}, facts={})
    assert make_plan(lesson, settings={"NAMESPACE": "team-1"}, facts={}).namespaces()
