"""Reads `expect` and `when`: what a command must do, and where that applies.

Used by `tutorial.steps.step_file`.
"""

from __future__ import annotations

from tutorial.steps.conditions import parse_range
from tutorial.steps.faults import Fault
from tutorial.steps.fields import Fields
from tutorial.steps.model import Condition, Expectation, JsonCheck, StreamExpectation
from tutorial.steps.yaml_nodes import Mapping, Scalar, Sequence

STREAMS = ("stdout", "stderr", "output")
EXPECT_KEYS = ("exit_code", *STREAMS, "variables", "when")
STREAM_KEYS = ("contains", "not_contains", "like", "elided", "matches", "equals", "json")


def read_expectations(fields: Fields) -> tuple[Expectation, ...]:
    """`expect`: one mapping, or a list of them. Without it, the command must exit with 0."""
    if isinstance(fields.node("expect"), Sequence):
        mappings = fields.mappings("expect", example="stdout: ...")
        if not mappings:
            fields.fault("expect", '"expect" is an empty list', "write an item, or leave the key out")
        found = tuple(_expectation(mapping, fields.faults) for mapping in mappings)
        return found or (Expectation(),)
    sub = fields.sub("expect", EXPECT_KEYS)
    return (_read(sub) if sub else Expectation(),)


def read_condition(fields: Fields) -> Condition:
    """The `when` of a step, a note or an expectation."""
    pairs = fields.pairs("when", example="istio: '>=1.21'", empty=False)
    fields.each(pairs.values(), _check_range)
    return {name: scalar.text for name, scalar in pairs.items()}


def _expectation(mapping: Mapping, faults: list[Fault]) -> Expectation:
    return _read(Fields(mapping, '"expect"', EXPECT_KEYS, faults))


def _read(fields: Fields) -> Expectation:
    if not fields.mapping.entries:
        fields.fault("expect", '"expect" is empty', "write exit_code, stdout, stderr, output or variables")
    variables = fields.pairs("variables", example="NAME: '^pattern$'")
    fields.variable_names("variables", variables)
    return Expectation(
        exit_code=_exit_code(fields),
        streams={stream: found for stream in STREAMS if (found := _stream(fields, stream))},
        variables={name: fields.pattern(scalar) for name, scalar in variables.items()},
        when=read_condition(fields),
    )


def _exit_code(fields: Fields) -> int | None:
    node = fields.node("exit_code")
    if isinstance(node, Scalar) and node.text == "any":
        return None
    return fields.whole_number("exit_code", 0, 0, 255)


def _stream(parent: Fields, stream: str) -> StreamExpectation | None:
    fields = parent.sub(stream, STREAM_KEYS)
    if fields is None:
        return None
    if not fields.mapping.entries:
        parent.fault(stream, f'"{stream}" is empty', f"write one of {', '.join(STREAM_KEYS)}")
    return StreamExpectation(
        contains=fields.texts("contains", single=True),
        not_contains=fields.texts("not_contains", single=True),
        like=fields.text("like") or None,
        elided=fields.text("elided") or None,
        matches=tuple(fields.pattern(scalar) for scalar in fields.scalars("matches", single=True)),
        equals=_equals(fields),
        json=_json_checks(fields),
    )


def _equals(fields: Fields) -> str | None:
    """`equals` may be empty: then the stream must be silent."""
    node = fields.node("equals")
    if isinstance(node, Scalar) and not node.text:
        return ""
    return fields.text("equals") or None


def _json_checks(fields: Fields) -> tuple[JsonCheck, ...]:
    pairs = fields.pairs("json", example="headers.Host: '^my-httpbin'")
    return tuple(JsonCheck(path, fields.pattern(scalar) or None) for path, scalar in pairs.items())


def _check_range(scalar: Scalar) -> None:
    try:
        parse_range(scalar.text)
    except ValueError as error:
        raise ValueError(f"{error}; write a range such as '>=1.21,<1.24'") from None
