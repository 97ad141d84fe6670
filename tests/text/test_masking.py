"""Credentials do not get through, in whatever pieces they come; ordinary output does."""

from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tutorial.text.masking import MAX_LINE, Masker, StreamMasker

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
BASE64 = "aHVudGVyMjI="

SECRET_YAML = f"""\
apiVersion: v1
data:
  password: {BASE64}
  tls.key: LS0tLS1CRUdJTi==
kind: Secret
metadata:
  name: db
"""

PIECES = [
    *("\n", "  ", '"', "{", "}", ":", "***", "---\n", "\x1b[31m", "\x1b[0m", BASE64, JWT, "hunter22"),
    *(
        "data:",
        "stringData:",
        "kind: Secret",
        "kind: ConfigMap",
        "client-key-data: |",
        "token: ",
        '"token": "',
    ),
    *("password:", "Authorization: ", "Bearer ", "abcdefghijklmnopqrst", "https://u:p@h/", "API_KEY="),
    *("- name: DB_PASSWORD", "  value: abc", "data: {a: ", "+", "Proc-Type: 4,ENCRYPTED", "cookie: ", "auth"),
    *("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"),
]

fragments = st.lists(
    st.one_of(
        st.sampled_from(PIECES),
        st.text(max_size=5),
    ),
    max_size=30,
).map("".join)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"token is {JWT}.", "token is ***."),
        ("> Authorization: Bearer abc", "> Authorization: Bearer ***"),
        ("authorization: Basic dTpw", "authorization: Basic ***"),
        ("curl -H 'Authorization: Bearer abc' http://x/", "curl -H 'Authorization: Bearer ***' http://x/"),
        ("sent bearer 0123456789abcdef01", "sent bearer ***"),
        ("    client-key-data: LS0tLS1CRUdJTg==", "    client-key-data: ***"),
        ("    certificate-authority-data: LS0t", "    certificate-authority-data: ***"),
        ("    token: abc def", "    token: ***"),
        ("  - password: 'p q'", "  - password: ***"),
        ('  "token": "abc",', '  "token": "***",'),
        ('{"password":"p","user":"u"}', '{"password":"***","user":"u"}'),
        ("{token: abc, user: u}", "{token: ***, user: u}"),
        ("http://me:pass@host/path", "http://me:***@host/path"),
        ("kubectl --token=abc get pod", "kubectl --token=*** get pod"),
        ("export DB_PASSWORD=abc", "export DB_PASSWORD=***"),
        ("the password is hunter22", "the password is ***"),
        ("db_password=abc", "db_password=***"),
        ("GET /x?access_token=abc HTTP/1.1", "GET /x?access_token=*** HTTP/1.1"),
        ("curl -u me:abc http://x/", "curl -u me:*** http://x/"),
        ("curl --user 'me:a c' http://x/", "curl --user 'me:***' http://x/"),
        ("< set-cookie: session=abc; path=/", "< set-cookie: ***"),
        ("> Cookie: a=b; c=d", "> Cookie: ***"),
        ("x-api-key: abc", "x-api-key: ***"),
        ('{"auths":{"r":{"auth":"bWU6YWJjZA=="}}}', '{"auths":{"r":{"auth":"***"}}}'),
        ('{"name":"API_TOKEN","value":"abc"}', '{"name":"API_TOKEN","value":"***"}'),
        (f"data: {{a: {BASE64}, b: '{BASE64}'}}", "data: {a: ***, b: ***}"),
        (f'stringData: {{"a": "x, y", b: {BASE64}}}', 'stringData: {"a": "***", b: ***}'),
        ("\x1b[31mtoken\x1b[0m: abc", "token: ***\x1b[31m\x1b[0m"),
    ],
)
def test_one_line(text: str, masked: str) -> None:
    assert Masker(["hunter22"]).mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "NAME    READY   STATUS\nsleep   2/2     Running\n",
        '    "Host": "my-httpbin.default.svc.cluster.local", \n',
        "kind: ConfigMap\ndata:\n  mode: auto\n  level: debug123\n",
        "export TOKEN=$(kubectl create token sleep)\n",
        "bearer of bad news\n",
        "the secret = patience\n",
        "kind: ConfigMap\ndata: {mode: auto, level: debug123}\n",
        "data: {mode: on, level: two}\n",
        "- name: HOST\n  value: a.example\n- name: PASSWORD\n- name: b\n  value: c\n",
        "chown -u 5 file\n",
        "image: host:5000/name@sha256:abc\n",
        "password:\n",
        "\x1b[31mred\x1b[0m\n",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert Masker(["hunter22"]).mask(text) == text


def test_data_of_a_secret_is_masked_though_its_kind_comes_after() -> None:
    masked = Masker().mask(SECRET_YAML)
    assert BASE64 not in masked
    assert "LS0tLS1" not in masked
    assert "  name: db\n" in masked


def test_every_value_of_string_data_is_masked() -> None:
    text = (
        "kind: Secret\nstringData:\n  user: not base64!\n  note: |\n    one line\n    another\nmetadata: {}\n"
    )
    masked = "kind: Secret\nstringData:\n  user: ***\n  note: |\n    ***\n    ***\nmetadata: {}\n"
    assert Masker().mask(text) == masked


@pytest.mark.parametrize("indent", [None, 4])
def test_a_secret_as_json(indent: int | None) -> None:
    secret = {"apiVersion": "v1", "data": {"a": BASE64, "b": "cGFzcw=="}, "kind": "Secret"}
    masked = Masker().mask(json.dumps(secret, indent=indent))
    assert json.loads(masked) == {**secret, "data": {"a": "***", "b": "***"}}


@pytest.mark.parametrize("times", [1, 2])
def test_secrets_in_one_line_of_json(times: int) -> None:
    item = {"data": {"a": BASE64, "b": "cGFzcw=="}, "stringData": {"c": '{"user": "u", "x": "}"} hunter2'}}
    text = json.dumps({"kind": "SecretList", "items": [item, item]})
    for _ in range(times - 1):
        text = json.dumps(text)
    masked = Masker().mask(text)
    assert BASE64 not in masked
    assert "cGFzcw" not in masked
    assert times == 2 or "hunter2" not in masked


@pytest.mark.parametrize("value", ["QUJD" * 20_000, "QUJD"])
def test_a_secret_in_a_line_that_is_too_long(value: str) -> None:
    secret = {"kind": "Secret", "metadata": {"name": "n"}, "data": {"a": value, "b": BASE64}}
    masked = Masker().mask(json.dumps({"kind": "List", "items": [secret] * 2000}) + "\nkind: Pod\n")
    assert "QUJD" not in masked
    assert BASE64 not in masked
    assert masked.endswith("***\nkind: Pod\n")


def test_a_secret_inside_an_annotation() -> None:
    inner = json.dumps({"data": {"a": BASE64}, "kind": "Secret"})
    assert BASE64 not in Masker().mask(json.dumps({"last-applied": inner}))


def test_a_private_key_is_masked_to_its_end() -> None:
    text = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----\nafter: all\n"
    masked = Masker().mask(text)
    assert "MIIE" not in masked
    assert "IBAA" not in masked
    assert masked.endswith("-----END RSA PRIVATE KEY-----\nafter: all\n")


@pytest.mark.parametrize("prefix", ["", "    ", "+", "- ", "pod/web main | ", "2026-01-01T00:00:00Z "])
def test_a_private_key_in_the_lines_of_something_else(prefix: str) -> None:
    head = ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,ABCD", ""]
    lines = [
        "-----BEGIN EC PRIVATE KEY-----",
        *head,
        "MIIEow",
        "IBAAKC",
        "-----END EC PRIVATE KEY-----",
        "after",
    ]
    masked = Masker().mask("".join(f"{prefix}{line}\n" for line in lines))
    assert "MIIE" not in masked
    assert "IBAA" not in masked
    assert masked.endswith(f"{prefix}-----END EC PRIVATE KEY-----\n{prefix}after\n")


@pytest.mark.parametrize(
    "form", ["- name: DB_PASSWORD\n  value: abc\n", '"name": "api-token",\n"value": "abc"\n']
)
def test_the_value_of_a_variable_that_is_named_as_a_secret(form: str) -> None:
    assert Masker().mask(form) == form.replace("abc", "***")


def test_a_secret_as_a_difference() -> None:
    text = f" data:\n-  a: {BASE64}\n+  a: {BASE64}\n+  b: {BASE64}\n kind: Secret\n"
    assert BASE64 not in Masker().mask(text)


@pytest.mark.parametrize(
    "head", ["kind: Secret # mine\ndata: # its\n", "kind: Secret\ndata: &its\n", 'kind: "Secret"\ndata:\n']
)
def test_a_secret_as_a_person_writes_it(head: str) -> None:
    assert Masker().mask(f"{head}  a: not base64!\n") == f"{head}  a: ***\n"


def test_each_line_of_a_given_secret_is_masked() -> None:
    masker = Masker(["first line\nsecond line", "ab"])
    assert masker.mask("a second line, ab") == "a ***, ab"


@example("client-key-data: |API_KEY=-----BEGIN PRIVATE KEY-----")
@given(fragments)
def test_masking_again_changes_nothing(text: str) -> None:
    masker = Masker(["hunter22"])
    masked = masker.mask(text)
    assert masker.mask(masked) == masked


@given(fragments, st.lists(st.integers(0, 200)))
def test_a_stream_gives_the_same_as_the_whole(text: str, cuts: list[int]) -> None:
    masker = Masker(["hunter22"])
    stream = StreamMasker(masker)
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [stream.feed(text[start:end]) for start, end in pairwise(bounds)]
    assert "".join(pieces) + stream.flush() == masker.mask(text)


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_given_secret_never_gets_through(before: str, after: str) -> None:
    assert "hunter22" not in Masker(["hunter22"]).mask(f"{before}hunter22{after}")


def test_a_complete_line_does_not_wait() -> None:
    stream = StreamMasker(Masker())
    assert stream.feed("one\ntwo") == "one\n"
    assert stream.feed(" more\n") == "two more\n"


def test_a_line_without_end_does_not_grow() -> None:
    stream = StreamMasker(Masker())
    assert len(stream.feed("x" * (MAX_LINE + 1))) == MAX_LINE


@pytest.mark.parametrize(
    "piece", ["a-", "eyJ-", "TOKEN", "bearer ", "://a", "token: ", "Authorization:", '\\"token', "\\"]
)
def test_a_hostile_line_costs_little(piece: str) -> None:
    started = time.process_time()
    Masker(["hunter22"]).mask(piece * (MAX_LINE // len(piece)))
    assert time.process_time() - started < 5
