"""Who the user is: every kind of credential, and plugins that are real programs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backends.api_server import ApiServer
from backends.conftest import NewClient

from tutorial.backends.credentials import Credentials
from tutorial.backends.kubeconfig import Access
from tutorial.errors import NotReadyError

VERSION = "client.authentication.k8s.io/v1"

NewPlugin = Callable[..., dict[str, Any]]


def credentials(user: dict[str, Any]) -> Credentials:
    access = Access("test", "test-cluster", "test-user", "default", {"server": "https://x"}, user)
    return Credentials(access, {"PATH": "/usr/bin:/bin", "FROM_USER": "1"})


@pytest.fixture
def new_plugin(tmp_path: Path) -> NewPlugin:
    """Makes a user whose plugin runs the shell text, after noting that it ran."""

    def make(text: str, **more: Any) -> dict[str, Any]:
        program = tmp_path / "plugin"
        program.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/calls\n{text}\n")
        program.chmod(0o700)
        return {"exec": {"apiVersion": VERSION, "command": str(program), **more}}

    return make


def answer(version: str = VERSION, **status: str) -> str:
    return "echo '" + json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}) + "'"


def calls(tmp_path: Path) -> int:
    return (tmp_path / "calls").read_text().count("ran")


@pytest.mark.parametrize(
    ("user", "headers"),
    [
        ({}, ()),
        ({"token": "t"}, (("Authorization", "Bearer t"),)),
        ({"username": "u", "password": "p"}, (("Authorization", "Basic dTpw"),)),
        (
            {"as": "other", "as-groups": ["g", "h"], "token": "t"},
            (
                ("Impersonate-User", "other"),
                ("Impersonate-Group", "g"),
                ("Impersonate-Group", "h"),
                ("Authorization", "Bearer t"),
            ),
        ),
        (
            {"as": "jürgen", "as-uid": 7, "as-user-extra": {"example.com/scopes%": ["a", "b"], "x": []}},
            (
                ("Impersonate-User", "jürgen"),
                ("Impersonate-Uid", "7"),
                ("Impersonate-Extra-example.com%2Fscopes%25", "a"),
                ("Impersonate-Extra-example.com%2Fscopes%25", "b"),
            ),
        ),
    ],
)
def test_headers(user: dict[str, Any], headers: tuple[tuple[str, str], ...]) -> None:
    assert credentials(user).identity().headers == headers


def test_a_token_file_is_read_each_time(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one\n")
    found = credentials({"tokenFile": str(tmp_path / "token")})
    assert found.identity().headers == (("Authorization", "Bearer one"),)
    (tmp_path / "token").write_text("two\n")
    assert found.identity().headers == (("Authorization", "Bearer two"),)


def test_a_token_file_outranks_a_token_where_it_can_be_read(tmp_path: Path) -> None:
    """As client-go has it (`NewBearerAuthWithRefreshRoundTripper`)."""
    found = credentials({"token": "fixed", "tokenFile": str(tmp_path / "token")})
    assert found.identity().headers == (("Authorization", "Bearer fixed"),)
    (tmp_path / "token").write_text("from file\n".replace(" ", "-"))
    assert found.identity().headers == (("Authorization", "Bearer from-file"),)


@pytest.mark.parametrize("user", [{"token": "t"}, {"username": "u"}])
def test_a_plugin_does_not_run_where_the_user_has_other_credentials(
    new_plugin: NewPlugin, tmp_path: Path, user: dict[str, str]
) -> None:
    credentials({**new_plugin("exit 1"), **user}).identity()
    assert not (tmp_path / "calls").exists()


def test_a_token_of_seconds_is_used_for_as_long_as_it_lives(
    new_plugin: NewPlugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_800_000_000.0]
    monkeypatch.setattr("tutorial.backends.credentials._now", lambda: now[0])
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now[0] + 5))
    found = credentials(new_plugin(answer(token="t", expirationTimestamp=stamp)))
    for seconds in (0.0, 4.0, 4.9, 5.0):
        now[0] = 1_800_000_000.0 + seconds
        found.identity()
    assert calls(tmp_path) == 2


def test_what_a_plugin_says_is_used_until_it_expires(new_plugin: NewPlugin, tmp_path: Path) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    found = credentials(new_plugin(answer(token="t", expirationTimestamp=stamp)))
    for _ in range(3):
        assert found.identity().headers == (("Authorization", "Bearer t"),)
    assert calls(tmp_path) == 1
    found = credentials(new_plugin(answer(token="t", expirationTimestamp="2026-01-01T00:00:00Z")))
    for _ in range(2):
        found.identity()
    assert calls(tmp_path) == 3


def test_a_plugin_gets_its_environment_and_arguments(new_plugin: NewPlugin, tmp_path: Path) -> None:
    script = f'echo "$FROM_USER $EXTRA $1 $KUBERNETES_EXEC_INFO" > {tmp_path}/seen; ' + answer(token="t")
    env = [{"name": "EXTRA", "value": "x y"}]
    credentials(new_plugin(script, env=env, args=["a"], provideClusterInfo=True)).identity()
    beginning, _, info = (tmp_path / "seen").read_text().partition("{")
    assert beginning == "1 x y a "
    assert json.loads("{" + info)["spec"] == {"interactive": False, "cluster": {"server": "https://x"}}


def test_a_plugin_may_give_a_certificate(new_plugin: NewPlugin) -> None:
    found = credentials(new_plugin(answer(clientCertificateData="c", clientKeyData="k"))).identity()
    assert (found.certificate, found.key) == (b"c", b"k")


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ({"client-certificate-data": "a"}, "is no base64"),
        ({"token": "t", "as": "a", "as-groups": 5}, "as-groups is no list"),
        ({"exec": {"apiVersion": VERSION, "command": "true", "env": [{"name": "A"}]}}, "wrong form"),
        ({"exec": [1]}, "wrong form"),
        ({"token": "a\nb"}, "characters that no token has"),
        ({"token": "t", "as": "a\nb"}, "sent as Impersonate-User holds a control character"),
        ({"tokenFile": "/no\0where"}, "wrong form"),
    ],
)
def test_a_value_that_none_can_be_is_an_error(user: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotReadyError, match="cannot log in") as caught:
        credentials(user).identity()
    assert reason in caught.value.why


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'please log in' >&2; exit 1", "failed: please log in"),
        ("echo not json", "failed:"),
        ("echo '[]'", "no ExecCredential"),
        (answer("client.authentication.k8s.io/v1beta1", token="t"), "no ExecCredential"),
    ],
)
def test_a_failing_plugin_is_an_error(new_plugin: NewPlugin, script: str, reason: str) -> None:
    with pytest.raises(NotReadyError, match="The user test-user of the context test cannot log in") as caught:
        credentials(new_plugin(script)).identity()
    assert reason in caught.value.why


def test_a_slow_plugin_is_given_up(new_plugin: NewPlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutorial.backends.credentials.PLUGIN_SECONDS", 0.2)
    with pytest.raises(NotReadyError) as caught:
        credentials(new_plugin("exec sleep 60")).identity()
    assert "took over" in caught.value.why


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        (
            {"exec": {"apiVersion": VERSION, "command": "no-such", "installHint": "Get it."}},
            "installed. Get it.",
        ),
        ({"exec": {"apiVersion": "client.authentication.k8s.io/v9", "command": "x"}}, "v9"),
        ({"auth-provider": {"name": "gcp"}}, "auth-provider"),
        ({"tokenFile": "/no/such"}, "/no/such cannot be read (No such file or directory)"),
        ({"client-certificate": "/no/such"}, "/no/such cannot be read"),
    ],
)
def test_what_cannot_be_used_is_said(user: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotReadyError) as caught:
        credentials(user).identity()
    assert reason in caught.value.why


def test_a_plugin_is_asked_once_more_when_the_server_refuses(
    new_client: NewClient, new_plugin: NewPlugin, api: ApiServer, tmp_path: Path
) -> None:
    api.token = "2"
    count = f"$(wc -l < {tmp_path}/calls)"
    client = new_client(new_plugin(answer(token="N").replace('"N"', f"\"'{count}'\"")))
    assert client.request("GET", "/version").status == 200
    api.token = "never"
    with pytest.raises(NotReadyError, match="does not accept the credentials"):
        client.request("GET", "/version")
    assert calls(tmp_path) == 3


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ({"client-certificate-data": "x"}, "its client-certificate-data is no base64"),
        ({"token": "two\nlines"}, "its token has characters that no token has"),
        ({"token": "ünwanted"}, "its token has characters that no token has"),
        ({"client-key-data": "***="}, "its client-key-data is no base64"),
        ({"token": "t", "username": "u"}, "it has both a token and a username"),
        ({"as-uid": "1"}, "it impersonates a uid, groups or extras without a user"),
        ({"as": "two\nlines"}, "what would be sent as Impersonate-User holds a control character"),
        ({"as": "a", "as-groups": "admins"}, "its as-groups is no list"),
        ({"as": "a", "as-user-extra": ["x"]}, "its as-user-extra is no mapping"),
        ({"as": "a", "as-user-extra": {"x": "y"}}, "its as-user-extra.x is no list"),
    ],
)
def test_what_can_be_no_credential_is_told(user: dict[str, Any], why: str) -> None:
    with pytest.raises(NotReadyError) as refusal:
        credentials(user).identity()
    assert why in refusal.value.why
    assert "two" not in str(refusal.value.why)


def test_a_plugins_expiry_that_is_no_time_is_told(new_plugin: NewPlugin) -> None:
    with pytest.raises(NotReadyError) as refusal:
        credentials(new_plugin(answer(token="t", expirationTimestamp="tomorrow"))).identity()
    assert "plugin" in refusal.value.why
