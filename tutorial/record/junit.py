"""Writes a run as JUnit XML for CI services: `--junit FILE`. A `Sink` of the engine.

One `testsuite` for the tutorial, one `testcase` for each step, its section as `classname`. The
file is replaced whole after every step, so that it is well-formed however the run is cut off.
Events are masked and free of escape sequences before they come here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tutorial.engine import events
from tutorial.expect.verdict import Mismatch
from tutorial.shell.capture import BoundedText

_INVALID_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters outside of XML 1.0's `Char`."""

_DIAGNOSTICS = ("control", "diagnose")
_OWN_WORK = ("until", "cleanup", "undo")


_OUTPUT_CHARACTERS = 100_000
"""How much of the beginning of a step's output goes into the report, and how much of its end."""


def _no_output() -> dict[str, BoundedText]:
    return {stream: BoundedText(_OUTPUT_CHARACTERS, _OUTPUT_CHARACTERS) for stream in ("stdout", "stderr")}


@dataclass
class _Case:
    """A step as it goes. `diagnostics` are the outputs of the commands run after its failure."""

    name: str
    section: str
    seconds: float = 0.0
    outcome: str = ""
    reason: str = ""
    output: dict[str, BoundedText] = field(default_factory=_no_output)
    diagnostics: list[str] = field(default_factory=list)
    mismatches: tuple[Mismatch, ...] = ()
    advice: str = ""


class JUnitReport:
    """Collects a run and writes it to `path`; raises OSError when that cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._suite = ""
        self._started = 0.0
        self._now = 0.0
        self._cases: dict[str, _Case] = {}
        self._collect: dict[type[events.Event], Callable[[Any], None]] = {
            events.RunStarted: self._run_started,
            events.StepStarted: self._step_started,
            events.CommandStarted: self._command_started,
            events.OutputReceived: self._output_received,
            events.VerdictReached: self._verdict_reached,
            events.StepEnded: self._step_ended,
            events.RollbackEnded: self._rollback_ended,
            events.RunEnded: self._write_for,
        }

    def handle(self, event: events.Event) -> None:
        """Take note of one event; write the file where it changed."""
        self._now = event.time
        collect = self._collect.get(type(event))
        if collect is not None:
            collect(event)

    def _run_started(self, event: events.RunStarted) -> None:
        self._suite = event.tutorial
        self._started = event.time
        self._cases = {step.id: _Case(step.title, step.section) for step in event.steps if not step.aside}
        self._write()

    def _step_started(self, event: events.StepStarted) -> None:
        self._cases.setdefault(event.step, _Case(event.title, event.section))

    def _command_started(self, event: events.CommandStarted) -> None:
        case = self._cases.get(event.step)
        if case is None:
            return
        if event.purpose in _DIAGNOSTICS:
            case.diagnostics.append(f"$ {event.command.rstrip()}\n")
        elif event.purpose not in _OWN_WORK:
            case.output = _no_output()

    def _output_received(self, event: events.OutputReceived) -> None:
        case = self._cases.get(event.step)
        if case is None:
            return
        if event.purpose in _DIAGNOSTICS:
            case.diagnostics.append(event.text)
        elif event.purpose not in _OWN_WORK:
            case.output[event.stream].append(event.text)

    def _verdict_reached(self, event: events.VerdictReached) -> None:
        case = self._cases.get(event.step)
        if case is not None:
            case.mismatches = event.verdict.mismatches
            case.advice = "\n".join(text for text in (event.verdict.cause, event.verdict.fix) if text)

    def _step_ended(self, event: events.StepEnded) -> None:
        case = self._cases.get(event.step)
        if case is not None:
            case.outcome, case.reason, case.seconds = event.outcome, event.reason, event.seconds
            self._write()

    def _rollback_ended(self, event: events.RollbackEnded) -> None:
        if not event.complete:
            case = _Case("Put everything back", "Rollback", outcome="failed")
            case.reason = "Still there; remove it with:\n" + "\n".join(event.left)
            self._cases["rollback"] = case
        self._write()

    def _write_for(self, event: events.RunEnded) -> None:  # noqa: ARG002 (a handler's form)
        self._write()

    def _write(self) -> None:
        document = ElementTree.tostring(self._document(), encoding="utf-8", xml_declaration=True)
        _replace(self._path, document + b"\n")

    def _document(self) -> ElementTree.Element:
        cases = list(self._cases.values())
        counts: dict[str, str] = {
            "tests": str(len(cases)),
            "failures": str(sum(case.outcome == "failed" for case in cases)),
            "errors": "0",
            "skipped": str(sum(_was_skipped(case) for case in cases)),
            "time": _seconds(self._now - self._started),
        }
        root = ElementTree.Element("testsuites", {"name": "egress-tutorial", **counts})
        started = datetime.fromtimestamp(self._started, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        suite = ElementTree.SubElement(
            root, "testsuite", {"name": _valid(self._suite), "timestamp": started, **counts}
        )
        for case in cases:
            _add_case(suite, case)
        return root


def _was_skipped(case: _Case) -> bool:
    return case.outcome not in ("passed", "failed", "already")


def _add_case(suite: ElementTree.Element, case: _Case) -> None:
    element = ElementTree.SubElement(
        suite, "testcase", name=_valid(case.name), classname=_valid(case.section), time=_seconds(case.seconds)
    )
    if case.outcome == "failed":
        message = case.mismatches[0].reason if case.mismatches else case.reason
        failure = ElementTree.SubElement(element, "failure", message=_valid(message), type="Mismatch")
        failure.text = _valid(_failure_text(case))
    elif _was_skipped(case):
        why = case.reason or ("not reached" if not case.outcome else case.outcome)
        ElementTree.SubElement(element, "skipped", message=_valid(why))
    for stream, name in (("stdout", "system-out"), ("stderr", "system-err")):
        if output := case.output[stream].text():
            ElementTree.SubElement(element, name).text = _valid(output)


def _failure_text(case: _Case) -> str:
    """Every mismatch, the likely cause, and what the diagnosing commands showed."""
    parts = [
        f"{mismatch.where} ({mismatch.rule}): {mismatch.reason}\n"
        f"expected:\n{mismatch.expected}\nactual:\n{mismatch.actual}"
        for mismatch in case.mismatches
    ]
    parts += [text for text in (case.reason, case.advice, "".join(case.diagnostics)) if text]
    return "\n\n".join(parts)


def _valid(text: str) -> str:
    """`text` without characters that XML cannot hold; colours were written as escapes, and go."""
    return _INVALID_IN_XML.sub("", re.sub(r"\x1b\[[0-9;:]*m", "", text))


def _seconds(seconds: float) -> str:
    return f"{max(seconds, 0.0):.3f}"


def _replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, so that a reader sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
