"""Label and field selectors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial.sandbox.api.selectors import field_test, label_test
from tutorial.sandbox.resources import POD
from tutorial.sandbox.status import ApiError


def matches(selector: str, **labels: str) -> bool:
    test = label_test(selector)
    return test is None or test({"metadata": {"labels": labels}})


@pytest.mark.parametrize(
    ("selector", "matched"),
    [
        ("", True),
        ("app", True),
        ("!app", False),
        ("app=web", True),
        ("app==web", True),
        ("app!=web", False),
        ("none!=x", True),
        ("app in (a, web)", True),
        ("app notin (a,b)", True),
        ("none notin (a)", True),
        ("none in (a)", False),
        ("app=web,tier=back", True),
        ("app=web,tier=front", False),
        ("size>2", True),
        ("size<2", False),
        ("app=", False),
        ("in", False),
    ],
)
def test_label_selectors(selector: str, matched: bool) -> None:
    assert matches(selector, app="web", tier="back", size="3") is matched


@pytest.mark.parametrize(
    "selector", ["app in web", "app in (web", "=x", "app=web tier=x", "a,,b", "a b", "app>x"]
)
def test_unreadable_label_selectors_are_refused(selector: str) -> None:
    with pytest.raises(ApiError) as caught:
        matches(selector, app="web")
    assert caught.value.code == 400


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(selector: str) -> None:
    try:
        matches(selector, app="web")
    except ApiError as error:
        assert error.code == 400


def test_field_selectors() -> None:
    pod = {
        "metadata": {"name": "p", "namespace": "n"},
        "spec": {"hostNetwork": True},
        "status": {"phase": "Running"},
    }
    for selector, matched in (
        ("metadata.name=p", True),
        ("metadata.name=p,status.phase!=Running", False),
        ("spec.nodeName=", True),
        ("spec.hostNetwork=true", True),
    ):
        test = field_test(POD, selector)
        assert test is not None
        assert test(pod) is matched
    with pytest.raises(ApiError, match="field label not supported"):
        field_test(POD, "spec.color=red")
