"""When a step, a note or an expectation applies."""

from __future__ import annotations

import pytest

from tutorial.steps.conditions import fits, holds, parse_range


@pytest.mark.parametrize(
    ("wanted", "fact", "expected"),
    [
        (">=1.21", "1.21.0", True),
        (">=1.21", "1.9.8", False),
        (">=1.21", "v1.36.2+k3s1", True),
        (">=1.21,<1.24", "1.23.6", True),
        (">=1.21, <1.24", "1.24.0", False),
        (">1.21", "1.21.3", False),
        ("<=1.21", "1.21.3", True),
        ("==1.21", "1.21.3", True),
        ("!=1.21", "1.21.3", False),
        (">=1.21.4", "1.21", False),
        (">=1.21", "unknown", False),
        ("sidecar", "sidecar", True),
        ("sidecar", "ambient", False),
        ("1.21", "1.21.0", False),
    ],
)
def test_one_entry(wanted: str, fact: str, expected: bool) -> None:
    assert holds({"istio": wanted}, {"istio": fact}) is expected


def test_every_entry_must_hold_and_a_missing_fact_does_not() -> None:
    facts = {"istio": "1.30", "mesh": "sidecar"}
    assert holds({}, {})
    assert holds({"istio": ">=1.21", "mesh": "sidecar"}, facts)
    assert not holds({"istio": ">=1.21", "mesh": "ambient"}, facts)
    assert not holds({"backend": "sandbox"}, facts)


@pytest.mark.parametrize("wanted", [">=", ">=one", "=1.21", ">=1.21,", ">=1.21 <1.24", "> =1"])
def test_a_broken_range_is_refused(wanted: str) -> None:
    with pytest.raises(ValueError, match="is not a bound such as"):
        parse_range(wanted)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, True),
        ({"INJECTION": "automatic"}, True),
        ({"INJECTION": "manual"}, False),
        ({"istio": ">=1.21"}, True),
        ({"istio": ">=1.21", "INJECTION": "manual"}, False),
    ],
)
def test_settings_may_speak_against_a_condition_and_facts_are_open(
    condition: dict[str, str], expected: bool
) -> None:
    assert fits(condition, {"INJECTION": "automatic"}) is expected
