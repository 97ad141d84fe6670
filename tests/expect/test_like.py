"""Which words of kubectl's output may differ, and which may not."""

from __future__ import annotations

import pytest

from tutorial.expect.like import like, same_word


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("4s", "2m3s"),
        ("21h", "5d4h"),
        ("2y30d", "1s"),
        ("172.21.156.230", "10.96.4.7"),
        ("(172.21.156.230)", "(10.96.4.7)"),
        ("...", "anything"),
        ("sleep-66c8d79ff5-8tqrl", "sleep-6bdb595bcb-drr45"),
        ("sleep-66c8d79ff5-8tqrl", "sleep-fcf5bcb4f-zzzzz"),
        ("pod/sleep-66c8d79ff5-8tqrl", "pod/sleep-6bdb595bcb-drr45"),
        ('"sleep-66c8d79ff5-8tqrl"', '"sleep-6bdb595bcb-drr45"'),
        ("my-wikipedia-x7k2p", "my-wikipedia-bcdfg"),
        ("web-0", "web-0"),
    ],
)
def test_may_differ(expected: str, actual: str) -> None:
    assert same_word(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("httpbin.org", "httpbin.com"),
        ("ExternalName", "ClusterIP"),
        ("my-httpbin", "my-httpbim"),
        ("my-httpd", "my-nginx"),
        ("my-httpbin", "my-wikipedia"),
        ("sleep-66c8d79ff5-8tqrl", "curl-66c8d79ff5-8tqrl"),
        ("sleep-66c8d79ff5-8tqrl", "sleep-v2-66c8d79ff5-8tqrl"),
        ("sleep-66c8d79ff5-8tqrl", "sleep-8tqrl"),
        ("sleep-66c8d79ff5-8tqrl", "sleep-without-istio"),
        ("4s", "4"),
        ("4s", "<none>"),
        ("10.0.0.1", "10.0.0.256"),
        ("10.0.0.1", "10.0.0.1.5"),
        ("<none>", "10.0.0.1"),
        ("(10.0.0.1)", "10.0.0.2"),
        ("80/TCP", "443/TCP"),
        ("1/1", "2/2"),
        ("web-0", "web-1"),
        ("networking.istio.io/v1", "networking.istio.io/v1beta1"),
    ],
)
def test_may_not_differ(expected: str, actual: str) -> None:
    assert not same_word(expected, actual)


POD = "NAME                     READY   STATUS\nsleep-66c8d79ff5-8tqrl   1/1     Running\n"


@pytest.mark.parametrize(
    ("actual", "reason", "line"),
    [
        (POD.replace("1/1", "2/2"), 'expected "1/1" in column READY, found "2/2"', 2),
        (POD.replace("READY", "AGE"), 'expected "READY", found "AGE"', 1),
        (POD.replace("Running", ""), 'expected 3 words in line 2, found 2: "Running" is missing', 2),
        (POD.replace("Running", "Running 0"), 'expected 3 words in line 2, found 4: "0" is one too many', 2),
        (POD.splitlines()[0], "expected 2 lines, found 1: ", 0),
        (POD + "sleep-66c8d79ff5-bbbbb 1/1 Running\n", "expected 2 lines, found 3: ", 3),
        ("\n\n", "there is no output", 0),
    ],
)
def test_the_reason_names_the_column_and_the_line(actual: str, reason: str, line: int) -> None:
    difference = like(POD, actual)
    assert difference is not None
    assert difference.reason.startswith(reason)
    assert difference.line == line


def test_a_heading_of_two_words_is_one_column() -> None:
    expected = "NAME   NOMINATED NODE   READINESS GATES\nsleep  <none>           <none>\n"
    actual = "NAME   NOMINATED NODE   READINESS GATES\nsleep  node1            <none>\n"
    difference = like(expected, actual)
    assert difference is not None
    assert difference.reason == 'expected "<none>" in column NOMINATED NODE, found "node1"'
