"""What the recorders write: JSON lines and JUnit XML."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial.engine import events
from tutorial.expect.verdict import Mismatch, Verdict
from tutorial.record.debug_log import DebugLogEvents
from tutorial.record.json_lines import JsonLines
from tutorial.record.junit import JUnitReport

STEPS = (
    events.StepSummary("one", 1, "The first", "Before", False),
    events.StepSummary("two", 2, "The second", "Main", False),
    events.StepSummary("three", 3, "The third", "Main", False),
    events.StepSummary("extra", 0, "An aside", "Main", True),
)
STARTED = events.RunStarted(100.0, "run-1", "externalname", "T", "none", "none", {}, STEPS)
MISMATCH = Mismatch("stdout", "equals", "a", "b", "expected a, found b")


def output(text: str, purpose: str = "command", step: str = "one", stream: str = "stdout") -> events.Event:
    return events.OutputReceived(101.0, step, purpose, stream, text)


def command(purpose: str = "command", step: str = "one") -> events.Event:
    return events.CommandStarted(100.5, step, purpose, f"run {purpose}")


def passed(step: str = "one") -> events.StepEnded:
    return events.StepEnded(102.0, step, "passed", 1.25)


def report(path: Path, *shown: events.Event) -> ElementTree.Element:
    """The suite after these events."""
    recorder = JUnitReport(path)
    for event in shown:
        recorder.handle(event)
    suite = ElementTree.parse(path).getroot().find("testsuite")
    assert suite is not None
    return suite


def case(suite: ElementTree.Element, name: str) -> ElementTree.Element:
    return next(found for found in suite.iter("testcase") if found.get("name") == name)


def test_each_event_is_one_line_of_ascii_json() -> None:
    stream = io.StringIO()
    recorder = JsonLines(stream)
    recorder.handle(STARTED)
    recorder.handle(output("zwei\nZeilen ü\n"))
    lines = stream.getvalue().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["RunStarted", "OutputReceived"]
    assert json.loads(lines[1])["text"] == "zwei\nZeilen ü\n"
    assert stream.getvalue().isascii()


def test_each_line_is_flushed() -> None:
    raw = io.BytesIO()
    recorder = JsonLines(io.TextIOWrapper(io.BufferedWriter(raw), "utf-8"))
    recorder.handle(STARTED)
    assert raw.getvalue().endswith(b"}\n")


def test_a_passed_run(tmp_path: Path) -> None:
    ends = [passed(step.id) for step in STEPS[:3]]
    end = events.RunEnded(110.0, "passed", 3, 0, 0, 10.0)
    suite = report(tmp_path / "r.xml", STARTED, command(), output("hi\n"), *ends, end)
    assert suite.attrib == {
        "name": "externalname",
        "timestamp": "1970-01-01T00:01:40",
        "tests": "3",
        "failures": "0",
        "errors": "0",
        "skipped": "0",
        "time": "10.000",
    }
    first = case(suite, "The first")
    assert (first.get("classname"), first.get("time")) == ("Before", "1.250")
    assert first.findtext("system-out") == "hi\n"


def test_a_failure_holds_verdict_and_diagnostics_and_the_rest_is_skipped(tmp_path: Path) -> None:
    suite = report(
        tmp_path / "r.xml",
        STARTED,
        command(),
        output("b\n"),
        events.VerdictReached(101.0, "one", Verdict((MISMATCH,), cause="Wrong.", fix="Repair it.")),
        command("diagnose"),
        output("pods\n", "diagnose"),
        events.StepEnded(102.0, "one", "failed", 1.0),
    )
    failure = case(suite, "The first").find("failure")
    assert failure is not None
    assert failure.get("message") == "expected a, found b"
    text = failure.text or ""
    for part in ("expected:\na\nactual:\nb", "Wrong.\nRepair it.", "$ run diagnose\npods"):
        assert part in text
    assert suite.get("failures") == "1"
    assert suite.get("skipped") == "2"
    skipped = case(suite, "The second").find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "not reached"


def test_the_last_attempt_counts_and_waiting_is_left_out(tmp_path: Path) -> None:
    again = (command("retry"), output("second\n", "retry"), output("wait\n", "until"))
    suite = report(tmp_path / "r.xml", STARTED, command(), output("first\n"), *again, passed())
    assert case(suite, "The first").findtext("system-out") == "second\n"


def test_much_output_is_shortened_in_the_middle(tmp_path: Path) -> None:
    chunks = [output("x" * 100_000) for _ in range(10)]
    suite = report(tmp_path / "r.xml", STARTED, command(), *chunks, output("the end"), passed())
    element = suite.find("testcase/system-out")
    assert element is not None
    text = element.text or ""
    assert "characters left out" in text
    assert text.endswith("the end")
    assert len(text) < 250_000


def test_an_aside_is_reported_only_when_it_was_run(tmp_path: Path) -> None:
    started = events.StepStarted(101.0, "extra", 0, 3, "Main", "An aside", "", "x", "", True)
    assert report(tmp_path / "a.xml", STARTED).get("tests") == "3"
    assert report(tmp_path / "b.xml", STARTED, started, passed("extra")).get("tests") == "4"


def test_an_incomplete_rollback_is_a_failure(tmp_path: Path) -> None:
    left = events.RollbackEnded(105.0, False, ("kubectl delete service x",))
    suite = report(tmp_path / "r.xml", STARTED, left)
    failure = case(suite, "Put everything back").find("failure")
    assert failure is not None
    assert "kubectl delete service x" in (failure.text or "")


def test_the_file_is_whole_after_every_event(tmp_path: Path) -> None:
    path = tmp_path / "r.xml"
    recorder = JUnitReport(path)
    for event in (STARTED, command(), output("x"), passed(), replace(passed("two"), outcome="failed")):
        recorder.handle(event)
        ElementTree.parse(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["r.xml"]


@given(text=st.text())
def test_any_output_gives_well_formed_xml(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("junit") / "r.xml"
    text = text.encode("utf-8", "replace").decode()
    suite = report(path, STARTED, command(), output(f"{text}\x00\x1b[31m\ufffe"), passed())
    assert "\x1b" not in (case(suite, "The first").findtext("system-out") or "")


def test_a_folder_that_has_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        JUnitReport(tmp_path / "gone" / "r.xml").handle(STARTED)


def test_events_go_to_the_debug_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "tutorial.events"):
        DebugLogEvents().handle(passed())
    assert json.loads(caplog.messages[0])["event"] == "StepEnded"
