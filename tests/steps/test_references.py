"""`kind/name[@namespace]`."""

from __future__ import annotations

import pytest

from tutorial.steps.model import ObjectReference
from tutorial.steps.references import parse_reference


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("service/my-httpbin", ObjectReference("service", "my-httpbin")),
        ("service/my-httpbin@${NAMESPACE}", ObjectReference("service", "my-httpbin", "${NAMESPACE}")),
        ("namespace/${PLAIN_NAMESPACE}", ObjectReference("namespace", "${PLAIN_NAMESPACE}")),
        ("endpoints/my-wikipedia@a", ObjectReference("endpoints", "my-wikipedia", "a")),
        ("ingress/x", ObjectReference("ingress", "x")),
        ("role/pre-${NAME}.x@y", ObjectReference("role", "pre-${NAME}.x", "y")),
    ],
)
def test_read(text: str, reference: ObjectReference) -> None:
    assert parse_reference(text) == reference


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("svc/x", "write service/x"),
        ("Services/x", "write service/x"),
        ("DestinationRule/x", "write destinationrule/x"),
        ("networkpolicies/x", "write networkpolicy/x"),
        ("ingresses/x", "write ingress/x"),
        ("service", "write kind/name or kind/name@namespace"),
        ("service/", "write kind/name"),
        ("service/a/b", "write kind/name"),
        ("service/My", "write kind/name"),
        ("service/a@", "write kind/name"),
    ],
)
def test_refused(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        parse_reference(text)
