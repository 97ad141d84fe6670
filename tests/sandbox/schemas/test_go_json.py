"""JSON is refused with the words of Go, and nothing that Python reads is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial.sandbox.schemas.go_json import GoSyntaxError, loads


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "unexpected end of JSON input"),
        (b"{", "unexpected end of JSON input"),
        (b'{"a"', "unexpected end of JSON input"),
        (b"{bad", "invalid character 'b' looking for beginning of object key string"),
        (b"{'a': 1}", "invalid character '\\'' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a": 1 "b"}', "invalid character '\"' after object key:value pair"),
        (b'{"a": }', "invalid character '}' looking for beginning of value"),
        (b'{"a": 1,}', "invalid character '}' looking for beginning of object key string"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b"kind: Pod", "invalid character 'k' looking for beginning of value"),
        (b"nope", "invalid character 'o' in literal null (expecting 'u')"),
        (b"tRue", "invalid character 'R' in literal true (expecting 'r')"),
        (b"-x", "invalid character 'x' in numeric literal"),
        (b"1.x", "invalid character 'x' after decimal point in numeric literal"),
        (b"1ex", "invalid character 'x' in exponent of numeric literal"),
        (b"01", "invalid character '1' after top-level value"),
        (b'"a\nb"', "invalid character '\\n' in string literal"),
        (b'"\\x"', "invalid character 'x' in string escape code"),
        (b'"\\u12x4"', "invalid character 'x' in \\u hexadecimal character escape"),
        (b"\x00", "invalid character '\\x00' looking for beginning of value"),
        (b"\xff", "invalid character 'ÿ' looking for beginning of value"),
        (b"[" * 20_000, "exceeded max depth"),
        (b"[-2E308]", "json: cannot unmarshal number -2E308 into Go value of type float64"),
    ],
)
def test_what_is_no_json(text, fault):
    with pytest.raises(GoSyntaxError) as error:
        loads(text)

    assert str(error.value) == fault


def test_broken_characters_are_replaced():
    assert loads(b'"a\xff"') == "a\ufffd"
    assert loads(b'"\\ud800"') == "\ufffd"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_what_is_json_is_read(value):
    text = json.dumps(value, ensure_ascii=True)
    assert isinstance(loads(text.encode()), type(value) if not isinstance(value, float) else (int, float))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(text):
    try:
        loads(text)
    except GoSyntaxError as error:
        assert str(error)


@given(values, st.integers(0, 10_000), st.binary(min_size=1, max_size=1))
def test_a_changed_text_is_read_or_refused(value, position, byte):
    text = bytearray(json.dumps(value).encode())
    text[position % len(text)] = byte[0]
    try:
        loads(bytes(text))
    except GoSyntaxError as error:
        assert str(error)


@pytest.mark.parametrize("digits", [400, 5000])
def test_whole_numbers_without_measure(digits: int) -> None:
    with pytest.raises(GoSyntaxError, match="cannot unmarshal number 999"):
        loads(b'{"a": ' + b"9" * digits + b"}")
    assert loads(b'{"a": ' + b"9" * 30 + b', "b": "\xff", "c": 7}') == {"a": 1e30, "b": "\ufffd", "c": 7}
