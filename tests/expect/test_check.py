"""The verdict on a command: what passes, what fails, where, why, and what the reader is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tutorial.expect.check import check
from tutorial.expect.verdict import Mismatch, Verdict
from tutorial.steps.model import Expectation, Hint, JsonCheck, StreamExpectation

SERVICE = """\
NAME         TYPE           CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE
my-httpbin   ExternalName   <none>       httpbin.org   80/TCP    4s
"""
HEADERS = json.dumps(
    {
        "headers": {
            "Accept": "*/*",
            "Host": "my-httpbin.default.svc.cluster.local",
            "User-Agent": "curl/8.16.0",
        }
    },
    indent=2,
)


def verdict(*expectations: Expectation, stdout: str = "", **given: Any) -> Verdict:
    done: dict[str, Any] = {
        "exit_code": 0,
        "stdout": stdout,
        "stderr": "",
        "before": {},
        "after": {},
        "variables": {"NAMESPACE": "default"},
        "facts": {},
    }
    return check(expectations, **{**done, **given})


def on(stream: str = "stdout", **rules: Any) -> Expectation:
    return Expectation(streams={stream: StreamExpectation(**rules)})


def only(found: Verdict) -> Mismatch:
    [mismatch] = found.mismatches
    assert not found.passed
    return mismatch


def test_the_documented_service_with_another_age_passes() -> None:
    found = verdict(on(like=SERVICE), stdout=SERVICE.replace("4s", "2m3s"))
    assert found.passed
    assert found.proof == "stdout is like the document's (2 lines); exit code 0"


def test_a_wrong_external_name_fails() -> None:
    mismatch = only(verdict(on(like=SERVICE), stdout=SERVICE.replace("httpbin.org", "httpbin.com")))
    assert mismatch.reason == 'expected "httpbin.org" in column EXTERNAL-IP, found "httpbin.com"'
    assert (mismatch.where, mismatch.rule, mismatch.line, mismatch.column) == ("stdout", "like", 2, 42)
    assert mismatch.expected == SERVICE.splitlines()[1]
    assert mismatch.actual == SERVICE.splitlines()[1].replace("org", "com")


def test_a_wrong_service_type_fails() -> None:
    mismatch = only(verdict(on(like=SERVICE), stdout=SERVICE.replace("ExternalName", "ClusterIP   ")))
    assert mismatch.reason == 'expected "ExternalName" in column TYPE, found "ClusterIP"'


def test_a_missing_header_is_named_beside_those_that_are_there() -> None:
    wanted = on(
        json=(JsonCheck("headers.Host", "^my-httpbin"), JsonCheck("headers.X-Envoy-Peer-Metadata", "."))
    )
    hints = (Hint("nothing like it", "no"), Hint("X-Envoy-Peer-Metadata", "The sidecar added none.", "Look."))
    found = verdict(wanted, stdout=HEADERS, hints=hints)
    reason = "headers.X-Envoy-Peer-Metadata is not in the JSON: headers has Accept, Host, User-Agent"
    assert only(found).reason == reason
    assert (found.cause, found.fix) == ("The sidecar added none.", "Look.")


def test_exit_code_7_fails_and_the_hint_explains_it() -> None:
    hints = (Hint(r"curl: \((7|28)\)", "Nothing listens in ${NAMESPACE}.", "Wait."),)
    found = verdict(Expectation(), exit_code=7, stderr="curl: (7) Failed to connect\n", hints=hints)
    mismatch = only(found)
    assert (mismatch.where, mismatch.rule) == ("exit code", "exit_code")
    assert (mismatch.expected, mismatch.actual) == ("0", "7")
    assert mismatch.reason == "expected exit code 0, found 7"
    assert (found.cause, found.fix) == ("Nothing listens in default.", "Wait.")


def test_an_expected_failure() -> None:
    assert verdict(Expectation(exit_code=7), exit_code=7).passed
    assert only(verdict(Expectation(exit_code=7))).reason == "expected exit code 7, found 0"
    assert verdict(Expectation(exit_code=None), exit_code=99).passed
    assert (
        only(verdict(exit_code=127)).reason == "expected exit code 0, found 127 (the program was not found)"
    )


@pytest.mark.parametrize(
    ("rules", "stdout"),
    [
        ({"contains": ("a b", "c")}, "x a b\nc\n"),
        ({"contains": ("in ${NAMESPACE}\n",)}, "made in default\n"),
        ({"not_contains": ("error",)}, "fine\n"),
        ({"elided": "one\n...\nfour\nfive\n"}, "one\ntwo\nfour\nfive\n"),
        ({"elided": "...\ntwo\n...\none\n"}, "one\ntwo\n"),
        ({"equals": "a\nb\n"}, "a  \r\nb\n\n"),
        ({"equals": ""}, "\n"),
        ({"matches": (r"(?m)^sleep-\S+\s+2/2", r"Running")}, "NAME\nsleep-x  2/2 Running\n"),
        ({"json": (JsonCheck("items.0.kind", "^Pod$"),)}, 'warning: [x]\n{"items": [{"kind": "Pod"}]}\n'),
        ({"json": (JsonCheck("metadata.labels.a.b/c", "^1$"),)}, '{"metadata": {"labels": {"a.b/c": 1}}}'),
        ({"json": (JsonCheck("ready", "^true$"), JsonCheck("none"))}, '{"ready": true, "none": null}'),
        ({"json": (JsonCheck("host", "^${NAMESPACE}$"),)}, '{"host": "default"}'),
        ({"json": (JsonCheck("headers.Host", "^a$"),)}, '{"headers": {"Host": ["a"]}}'),
        ({"json": (JsonCheck("hosts", '^\\["a", "b"\\]$'),)}, '{"hosts": ["a", "b"]}'),
    ],
)
def test_what_holds(rules: dict[str, Any], stdout: str) -> None:
    assert verdict(on(**rules), stdout=stdout).mismatches == ()


@pytest.mark.parametrize(
    ("rules", "stdout", "reason", "place"),
    [
        (
            {"contains": ('service "my-httpbin" deleted',)},
            'x\nservice "my-httpbim" deleted\n',
            'expected "my-httpbin", found "my-httpbim"',
            (2, 19),
        ),
        ({"contains": ("deleted",)}, "qqqq\n", '"deleted" is not there', (0, 0)),
        ({"contains": ("deleted",)}, "", "there is no output", (0, 0)),
        ({"not_contains": ("err",)}, "ok\nan error\n", '"err" must not be there, but line 2 has it', (2, 4)),
        ({"elided": "one\n...\ntwo\nfour 4\n"}, "one\ntwo\nfour 5\n", 'expected "4", found "5"', (3, 6)),
        (
            {"elided": "one\nthree\n"},
            "one\ntwo\nthree\n",
            "the lines are there, but not one after the other",
            (0, 0),
        ),
        ({"equals": "x created\n"}, "x unchanged\n", 'expected "created", found "unchanged"', (1, 3)),
        ({"equals": "a\nb\n"}, "a\n", '"b" is missing after line 1', (0, 0)),
        ({"equals": "a\n"}, "a\nb\n", 'line 2 is one too many: "b"', (2, 1)),
        ({"equals": ""}, "noise\n", 'expected no output, found "noise"', (1, 1)),
        (
            {"matches": ("^sleep-[0-9]$",)},
            "x\nsleep-a\n",
            "nothing matches the pattern ^sleep-[0-9]$",
            (2, 0),
        ),
        ({"matches": ("^${NAMESPACE}$",)}, "defaul.\n", "nothing matches the pattern ^default$", (1, 0)),
        (
            {"json": (JsonCheck("a.b", "^1$"),)},
            '{\n  "a": {"b": "two"}\n}\n',
            'a.b is "two", which does not match ^1$',
            (2, 15),
        ),
        (
            {"json": (JsonCheck("a", "^1$"),)},
            '{"a": ["two"]}',
            'a is "two", which does not match ^1$',
            (1, 9),
        ),
        (
            {"json": (JsonCheck("a.b.c"),)},
            '{"a": {"b": "x"}}',
            "a.b.c is not in the JSON: b has no values",
            (0, 0),
        ),
        (
            {"json": (JsonCheck("a"),)},
            "upstream error\n",
            'it holds no JSON: it begins with "upstream error"',
            (1, 0),
        ),
        ({"json": (JsonCheck("a"),)}, "[" * 100_000, "it holds no JSON", (1, 0)),
    ],
)
def test_what_does_not_hold(rules: dict[str, Any], stdout: str, reason: str, place: tuple[int, int]) -> None:
    mismatch = only(verdict(on(**rules), stdout=stdout))
    assert mismatch.reason.startswith(reason)
    assert (mismatch.line, mismatch.column) == place


def test_streams_are_held_apart() -> None:
    assert verdict(on("stderr", contains=("bad",)), stderr="bad").passed
    assert not verdict(on("stderr", contains=("bad",)), stdout="bad").passed
    assert verdict(on("output", contains=("a", "b")), stdout="a", stderr="b").passed
    assert verdict(on("output", equals="b\na"), stdout="a", stderr="b", output="b\na").passed


def test_escape_sequences_are_neither_compared_nor_shown() -> None:
    assert verdict(on(equals="red"), stdout="\x1b[31mred\x1b[0m\n").passed
    mismatch = only(verdict(on(equals="red"), stdout="\x1b[2Jblue\n"))
    assert mismatch.actual == "blue"


def test_variables() -> None:
    wanted = Expectation(variables={"POD": "^sleep-"})
    assert verdict(wanted, after={"POD": "sleep-1"}).proof == "POD is sleep-1; exit code 0"
    assert only(verdict(wanted)).reason == "POD is not set"
    assert only(verdict(wanted, after={"POD": ""})).reason == "POD is empty"
    kept = only(verdict(wanted, before={"POD": "x"}, after={"POD": "x"}))
    assert kept.reason == 'POD is "x", as before the command, which does not match ^sleep-'
    assert (kept.where, kept.rule, kept.actual) == ("variable POD", "variables", "x")


def test_an_empty_pattern_means_that_the_variable_is_gone() -> None:
    wanted = Expectation(variables={"POD": ""})
    assert verdict(wanted, before={"POD": "x"}).proof == "POD is unset; exit code 0"
    assert only(verdict(wanted, after={"POD": "x"})).reason == 'POD is still "x"'


def test_a_hint_may_match_a_variables_value() -> None:
    wanted = Expectation(variables={"POD": "^sleep-[a-z]+$"})
    hints = (Hint("^$", "Empty."), Hint(r"^sleep-\S+ sleep-", "Two pods."))
    assert verdict(wanted, after={"POD": "sleep-a sleep-b"}, hints=hints[1:]).cause == "Two pods."


def test_a_hint_for_no_output_at_all() -> None:
    hints = (Hint("X-Envoy", "No header."), Hint("^$", "An empty answer."))
    assert verdict(on(json=(JsonCheck("headers.X-Envoy"),)), hints=hints).cause == "An empty answer."


def test_a_value_is_never_read_as_a_pattern() -> None:
    assert not verdict(on(matches=("^${X}$",)), stdout="aXb", variables={"X": "a.b"}).passed
    assert verdict(on(matches=("^${X}$",)), stdout="a.b", variables={"X": "a.b"}).passed


def test_only_expectations_that_apply_count() -> None:
    old = Expectation(streams={"stdout": StreamExpectation(equals="old")}, when={"istio": "<1.21"})
    new = Expectation(streams={"stdout": StreamExpectation(equals="new")}, when={"istio": ">=1.21"})
    assert verdict(old, new, stdout="new", facts={"istio": "1.30"}).passed
    assert not verdict(old, new, stdout="old", facts={"istio": "1.30"}).passed
    assert verdict(old, new, stdout="any", facts={}).passed
    assert not verdict(old, new, exit_code=1).passed


def test_every_applicable_expectation_counts_and_says_a_thing_once() -> None:
    found = verdict(on(contains=("a",)), on(contains=("b",)), stdout="q", exit_code=1)
    assert [mismatch.rule for mismatch in found.mismatches] == ["exit_code", "contains", "contains"]


def test_a_huge_output_is_not_shown_whole() -> None:
    mismatch = only(verdict(on(equals="a"), stdout="b" * 5_000_000))
    assert len(mismatch.actual) <= 2000
