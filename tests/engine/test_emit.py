"""What sinks are told can be shown and recorded as it is, whoever it comes from."""

from __future__ import annotations

import json

from engine.fakes import FakeClock, Recorder

from tutorial.engine.emit import Emitter
from tutorial.engine.events import (
    Event,
    Noticed,
    ObjectUndone,
    OutputReceived,
    RollbackEnded,
    RunStarted,
    StepSummary,
    VerdictReached,
    to_json,
)
from tutorial.expect.verdict import Mismatch, Verdict

EVIL = "a\x1b]0;title\x07b\x1b[2J\u202ec\r"
SAFE = "ab\\u202ec\n"


def emitted(make: type[Event], **fields: object) -> Event:
    recorder = Recorder()
    Emitter([recorder], FakeClock()).emit(make, **fields)
    (event,) = recorder.events
    return event


def test_texts_of_others_speak_to_no_terminal() -> None:
    assert emitted(Noticed, level="warning", text=EVIL) == Noticed(1_000_000.0, "warning", SAFE)
    undone = emitted(ObjectUndone, step="a", object=EVIL, outcome="foreign", detail=EVIL)
    assert isinstance(undone, ObjectUndone)
    assert (undone.object, undone.detail) == (SAFE, SAFE)


def test_texts_deep_inside_are_made_safe_too() -> None:
    mismatch = Mismatch(EVIL, "equals", EVIL, EVIL, EVIL, 2, 3)
    for event in (
        emitted(VerdictReached, step="a", verdict=Verdict((mismatch,), EVIL, EVIL, EVIL)),
        emitted(RollbackEnded, complete=False, left=(EVIL, EVIL)),
        emitted(
            RunStarted,
            run_id="r",
            tutorial="t",
            title=EVIL,
            backend="cluster",
            backend_label=EVIL,
            variables={"NAMESPACE": EVIL},
            steps=(StepSummary("a", 1, EVIL, EVIL, False),),
        ),
    ):
        written = json.dumps(to_json(event))
        assert json.dumps(SAFE)[1:-1] in written
        assert "\\u001b" not in written
        assert "\\u0007" not in written


def test_output_has_been_made_safe_already_and_keeps_its_colours() -> None:
    text = "\x1b[31mred\x1b[0m\n"
    event = emitted(OutputReceived, step="a", purpose="command", stream="stdout", text=text)
    assert isinstance(event, OutputReceived)
    assert event.text == text
