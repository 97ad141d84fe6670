"""A token is good for its account, its audience and its time, and for nothing else."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from tutorial.sandbox.api.access.authentication import Authenticator
from tutorial.sandbox.api.access.token_request import issue_token
from tutorial.sandbox.api.access.tokens import ISSUER, InvalidTokenError, ServiceAccountTokens
from tutorial.sandbox.api.access.user import ADMIN
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.resources import NAMESPACE, POD, SECRET, SERVICE_ACCOUNT
from tutorial.sandbox.schemas import Schemas
from tutorial.sandbox.status import ApiError
from tutorial.sandbox.store.store import Store

Object = dict[str, Any]


@pytest.fixture
def objects() -> ObjectsFacade:
    objects = ObjectsFacade(Store(), Schemas.load())
    objects.create(NAMESPACE, None, {"metadata": {"name": "a"}})
    for name in ("bob", "eve"):
        objects.create(SERVICE_ACCOUNT, "a", {"metadata": {"name": name}})
    return objects


@pytest.fixture
def tokens(objects: ObjectsFacade) -> ServiceAccountTokens:
    return ServiceAccountTokens(objects)


def test_a_token_is_its_accounts(objects: ObjectsFacade, tokens: ServiceAccountTokens) -> None:
    bob = objects.get(SERVICE_ACCOUNT, "a", "bob")
    token, ends = tokens.issue(bob, 600)
    user = tokens.user(token)
    assert user.name == "system:serviceaccount:a:bob"
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated")
    assert user.uid == bob["metadata"]["uid"]
    assert not user.is_master
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["iss"], claims["aud"]) == (user.name, ISSUER, [ISSUER])
    assert claims["exp"] == ends
    assert claims["kubernetes.io"]["serviceaccount"] == {"name": "bob", "uid": user.uid}


def test_a_token_ends_with_its_account(objects: ObjectsFacade, tokens: ServiceAccountTokens) -> None:
    token, _ = tokens.issue(objects.get(SERVICE_ACCOUNT, "a", "bob"), 600)
    tokens.user(token)
    objects.delete(SERVICE_ACCOUNT, "a", "bob")
    with pytest.raises(InvalidTokenError, match="deleted"):
        tokens.user(token)
    objects.create(SERVICE_ACCOUNT, "a", {"metadata": {"name": "bob"}})
    with pytest.raises(InvalidTokenError, match="deleted"):
        tokens.user(token)


def test_a_token_ends_in_time(
    objects: ObjectsFacade, tokens: ServiceAccountTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, ends = tokens.issue(objects.get(SERVICE_ACCOUNT, "a", "bob"), 600)
    tokens.user(token)
    monkeypatch.setattr(time, "time", lambda: ends)
    with pytest.raises(InvalidTokenError, match="expired"):
        tokens.user(token)


def test_a_token_is_for_its_audience(objects: ObjectsFacade, tokens: ServiceAccountTokens) -> None:
    token, _ = tokens.issue(objects.get(SERVICE_ACCOUNT, "a", "bob"), 600, ["vault"])
    assert tokens.user(token, ["other", "vault"]).name.endswith(":bob")
    with pytest.raises(InvalidTokenError, match="audience"):
        tokens.user(token)


def test_a_token_can_end_with_another_object(objects: ObjectsFacade, tokens: ServiceAccountTokens) -> None:
    secret = objects.create(SECRET, "a", {"metadata": {"name": "s"}})
    token, _ = tokens.issue(objects.get(SERVICE_ACCOUNT, "a", "bob"), 600, bound=secret)
    tokens.user(token)
    objects.delete(SECRET, "a", "s")
    with pytest.raises(InvalidTokenError, match='secret "s" has been deleted'):
        tokens.user(token)


def test_another_sandboxes_token_is_none(objects: ObjectsFacade, tokens: ServiceAccountTokens) -> None:
    token, _ = ServiceAccountTokens(objects).issue(objects.get(SERVICE_ACCOUNT, "a", "bob"), 600)
    with pytest.raises(InvalidTokenError):
        tokens.user(token)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_was_not_signed_here_is_none(
    objects: ObjectsFacade, tokens: ServiceAccountTokens, algorithm: str
) -> None:
    good, _ = tokens.issue(objects.get(SERVICE_ACCOUNT, "a", "bob"), 600)
    claims = jwt.decode(good, options={"verify_signature": False})
    forged = jwt.encode(claims, "" if algorithm == "none" else "k" * 32, algorithm)
    for token in (forged, good[:-4] + "AAAA", f"{good}.x", "x", ""):
        with pytest.raises(InvalidTokenError):
            tokens.user(token)


def test_only_the_sandboxes_own_token_is_the_admins(
    objects: ObjectsFacade, tokens: ServiceAccountTokens
) -> None:
    authenticator = Authenticator("secret", tokens)
    assert authenticator.user({"Authorization": "Bearer secret"}) is ADMIN
    for headers in (
        {},
        {"Authorization": "Bearer other"},
        {"Authorization": "Bearer \udcff"},
        {"Authorization": "Basic secret"},
    ):
        with pytest.raises(ApiError, match="Unauthorized"):
            authenticator.user(headers)


def request(**spec: Any) -> Object:
    return {"spec": spec}


def test_a_token_request_is_answered_with_a_token(
    objects: ObjectsFacade, tokens: ServiceAccountTokens
) -> None:
    issued = issue_token(objects, tokens, "a", "bob", request(audiences=["vault"], expirationSeconds=1200))
    assert issued["spec"]["expirationSeconds"] == 1200
    assert tokens.user(issued["status"]["token"], ["vault"]).name.endswith(":bob")
    assert issued["status"]["expirationTimestamp"].endswith("Z")
    trial = issue_token(objects, tokens, "a", "bob", request(), dry_run=True)
    assert trial["status"]["token"] == ""


@pytest.mark.parametrize(
    ("spec", "code", "why"),
    [
        ({"expirationSeconds": 599}, 422, "less than 10 minutes"),
        ({"expirationSeconds": 1 << 33}, 422, r"larger than 2\^32 seconds"),
        ({"boundObjectRef": {"kind": "Service", "apiVersion": "v1", "name": "s"}}, 400, "Kind=Service"),
        ({"boundObjectRef": {"kind": "Secret", "apiVersion": "v1", "name": "s"}}, 404, "not found"),
        ({"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "p"}}, 400, '"bob" to pod .* "eve"'),
    ],
)
def test_a_token_request_that_cannot_be(
    objects: ObjectsFacade, tokens: ServiceAccountTokens, spec: Object, code: int, why: str
) -> None:
    containers = [{"name": "c", "image": "i"}]
    pod = {"metadata": {"name": "p"}, "spec": {"serviceAccountName": "eve", "containers": containers}}
    objects.create(POD, "a", pod)
    with pytest.raises(ApiError, match=why) as raised:
        issue_token(objects, tokens, "a", "bob", request(**spec))
    assert raised.value.code == code
