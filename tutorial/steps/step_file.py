"""Reads one step file: YAML to a `Step`, and where in the file each of its fields is.

Called by `tutorial.steps.loader`. What a field means is in docs/step-files.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tutorial.steps.alternatives import read_text
from tutorial.steps.expectations import read_condition, read_expectations
from tutorial.steps.faults import Fault
from tutorial.steps.fields import Fields
from tutorial.steps.model import Cleanup, Hint, Note, ObjectReference, Probe, Retry, Step, Until
from tutorial.steps.references import parse_reference
from tutorial.steps.yaml_nodes import Mapping, Scalar, Sequence, read_mapping

STEP_KEYS = (
    "title", "explain", "why", "command", "expect", "until", "repeatable", "retry", "sample", "after",
    "capture", "creates", "deletes", "cleanup", "needs", "when", "aside", "control", "hints", "on_fail",
    "notes", "probe", "minutes", "timeout",
)  # fmt: skip

ALTERNATIVE_TEXTS = ("title", "explain", "why", "after")
"""Texts that may be lists of `{text, when}`."""


@dataclass(frozen=True)
class StepSource:
    """A step and the YAML it was read from, which knows the places for lint's faults."""

    step: Step
    mapping: Mapping


def read_step(path: Path, step_id: str, section: str, faults: list[Fault]) -> StepSource | None:
    """The step in the file `path`; None when the file's form is broken.

    A field with a fault reads as its default; its fault is added to `faults`.
    """
    mapping = read_mapping(path, faults)
    if mapping is None:
        return None
    fields = Fields(mapping, "a step", STEP_KEYS, faults)
    fields.require("title", "command")
    texts = {key: read_text(fields, key) for key in ALTERNATIVE_TEXTS}
    step = Step(
        id=step_id,
        path=path,
        section=section,
        title=texts["title"][0],
        command=fields.text("command"),
        explain=texts["explain"][0],
        why=texts["why"][0],
        after=texts["after"][0],
        expect=read_expectations(fields),
        until=_until(fields),
        repeatable=fields.flag("repeatable"),
        retry=_retry(fields),
        sample=fields.text("sample"),
        capture=_capture(fields),
        creates=fields.each(fields.scalars("creates"), _reference),
        deletes=fields.each(fields.scalars("deletes"), _reference),
        cleanup=_cleanup(fields),
        needs=fields.texts("needs"),
        when=read_condition(fields),
        aside=fields.flag("aside"),
        control=fields.text("control") or None,
        hints=_hints(fields),
        on_fail=fields.texts("on_fail"),
        notes=_notes(fields),
        probe=_probe(fields),
        alternatives={key: others for key, (_, others) in texts.items() if others},
        minutes=fields.number("minutes", 0.0, unit="minutes", above_zero=False),
        timeout=fields.number("timeout", 60.0, unit="seconds"),
    )
    return StepSource(step, mapping)


def _reference(scalar: Scalar) -> ObjectReference:
    return parse_reference(scalar.text)


def _until(parent: Fields) -> Until | None:
    fields = parent.sub("until", ("command", "expect", "timeout", "interval"))
    if fields is None:
        return None
    fields.require("command")
    return Until(
        command=fields.text("command"),
        expect=read_expectations(fields),
        timeout=fields.number("timeout", 60.0, unit="seconds"),
        interval=fields.number("interval", 1.0, unit="seconds"),
    )


def _retry(parent: Fields) -> Retry | None:
    fields = parent.sub("retry", ("attempts", "interval"))
    if fields is None:
        return None
    fields.require("attempts")
    return Retry(
        attempts=fields.whole_number("attempts", 2, 2, 100),
        interval=fields.number("interval", 1.0, unit="seconds", above_zero=False),
    )


def _capture(fields: Fields) -> dict[str, str]:
    pairs = fields.pairs("capture", example="NAME: '^pattern with one (group)$'", empty=False)
    fields.variable_names("capture", pairs)
    return {
        name: scalar.text if is_json_path(scalar.text) else fields.pattern(scalar)
        for name, scalar in pairs.items()
    }


def is_json_path(source: str) -> bool:
    """Whether what `capture` names is a path into JSON output, `{.headers.Host}`; else a pattern."""
    return source.startswith("{.") and source.endswith("}")


def _cleanup(parent: Fields) -> Cleanup:
    fields = parent.sub("cleanup", ("commands", "by_hand"))
    if fields is None:
        return Cleanup()
    if not fields.mapping.entries:
        parent.fault("cleanup", '"cleanup" is empty', "write commands: or by_hand: below it, or leave it out")
    return Cleanup(commands=fields.texts("commands"), by_hand=fields.text("by_hand"))


def _probe(parent: Fields) -> Probe | None:
    fields = parent.sub("probe", ("behind", "when"))
    if fields is None:
        return None
    fields.require("behind")
    return Probe(fields.text("behind"), read_condition(fields))


def _hints(parent: Fields) -> tuple[Hint, ...]:
    hints = []
    for mapping in parent.mappings("hints", example="{pattern: ..., cause: ..., fix: ...}"):
        fields = Fields(mapping, "a hint", ("pattern", "cause", "fix"), parent.faults)
        fields.require("pattern", "cause")
        if isinstance(pattern := fields.node("pattern"), Scalar):
            fields.pattern(pattern)
        hints.append(Hint(fields.text("pattern"), fields.text("cause"), fields.text("fix")))
    return tuple(hints)


def _notes(parent: Fields) -> tuple[Note, ...]:
    node = parent.node("notes")
    if isinstance(node, Sequence):
        return tuple(note for item in node.items if (note := _note(item, parent)))
    parent.mappings("notes", example="text")
    return ()


def _note(item: Scalar | Sequence | Mapping, parent: Fields) -> Note | None:
    if isinstance(item, Scalar) and item.text.strip():
        return Note(item.text)
    if isinstance(item, Mapping):
        fields = Fields(item, "a note", ("text", "when"), parent.faults)
        fields.require("text")
        return Note(fields.text("text"), read_condition(fields))
    parent.faults.append(Fault(item.place, "a note must be a text", "write `- text` or `- text: ...`"))
    return None
