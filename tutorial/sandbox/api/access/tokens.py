"""Service account tokens: signed by a key of this sandbox, and good as long as their account is there.

Made by `access.control`. Source of the claims: Kubernetes documentation, "Managing Service Accounts".
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from tutorial.sandbox.api.access.user import ALL_AUTHENTICATED, User, account_groups, account_name
from tutorial.sandbox.api.objects import ObjectsFacade
from tutorial.sandbox.resources import NODE, POD, SECRET, SERVICE_ACCOUNT, ResourceType

Object = dict[str, Any]

ISSUER = "https://kubernetes.default.svc.cluster.local"
"""Who signs, and the audience of a token that is asked for without one."""

BINDABLE: dict[str, ResourceType] = {"Pod": POD, "Secret": SECRET, "Node": NODE}
"""The kinds that a token can be bound to besides its account."""

_ALGORITHM = "ES256"
_REMEMBERED = 1024
_PRIVATE = "kubernetes.io"


class InvalidTokenError(Exception):
    """The token is none of this sandbox's, is over, or its account or object is gone."""


class ServiceAccountTokens:
    """Signs tokens and tells whose they are.

    Args:
        objects: where accounts, and what tokens are bound to, are looked up at every use.
    """

    def __init__(self, objects: ObjectsFacade) -> None:
        self._objects = objects
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._claims = lru_cache(_REMEMBERED)(self._verified_claims)

    def issue(
        self, account: Object, seconds: int, audiences: Sequence[str] = (), bound: Object | None = None
    ) -> tuple[str, float]:
        """A token for a service account, and when it ends (seconds since the epoch).

        Args:
            seconds: how long it is good.
            audiences: whom it is for; this API server without any.
            bound: an object of `BINDABLE` with which it ends.
        """
        import jwt

        metadata = account["metadata"]
        namespace, name, uid = metadata["namespace"], metadata["name"], metadata["uid"]
        now = int(time.time())
        private = {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}}
        if bound is not None:
            identity = {"name": bound["metadata"]["name"], "uid": bound["metadata"]["uid"]}
            private[bound["kind"].lower()] = identity
        claims = {
            "aud": list(audiences) or [ISSUER],
            "exp": now + seconds,
            "iat": now,
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            _PRIVATE: private,
            "nbf": now,
            "sub": account_name(namespace, name),
        }
        return jwt.encode(claims, self._key, _ALGORITHM), now + seconds

    def user(self, token: str, audiences: Sequence[str] = ()) -> User:
        """Whose token it is.

        Args:
            audiences: one of them must be the token's; this API server without any.

        Raises:
            InvalidTokenError: it is nobody's, or not for this audience.
        """
        claims = self._claims(token)
        if claims["exp"] <= time.time():
            raise InvalidTokenError("the token has expired")
        if set(audiences or (ISSUER,)).isdisjoint(claims["aud"]):
            raise InvalidTokenError(f"the token is for other audiences: {', '.join(claims['aud'])}")
        private = claims[_PRIVATE]
        namespace, account = private["namespace"], private["serviceaccount"]
        self._check_present(SERVICE_ACCOUNT, namespace, account)
        extra = {"authentication.kubernetes.io/credential-id": (f"JTI={claims['jti']}",)}
        for kind, resource in BINDABLE.items():
            bound = private.get(kind.lower())
            if bound is not None:
                self._check_present(resource, namespace, bound)
                if kind != "Secret":
                    prefix = f"authentication.kubernetes.io/{kind.lower()}"
                    extra |= {f"{prefix}-name": (bound["name"],), f"{prefix}-uid": (bound["uid"],)}
        groups = (*account_groups(namespace), ALL_AUTHENTICATED)
        return User(account_name(namespace, account["name"]), groups, account["uid"], extra)

    def audiences(self, token: str) -> Sequence[str]:
        """Whom a token is for.

        Raises:
            InvalidTokenError: it was not signed here.
        """
        found: Sequence[str] = self._claims(token)["aud"]
        return found

    def _verified_claims(self, token: str) -> Object:
        """What the token says, once its signature is found good. Whether it still holds is asked anew
        at every use."""
        import jwt

        try:
            claims: Object = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=[_ALGORITHM],
                issuer=ISSUER,
                options={"verify_aud": False, "verify_exp": False},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise InvalidTokenError(str(error)) from None
        return claims

    def _check_present(self, resource: ResourceType, namespace: str, identity: Object) -> None:
        where = namespace if resource.namespaced else None
        found = self._objects.store.get(resource, where, identity["name"])
        if found is None or found["metadata"]["uid"] != identity["uid"]:
            raise InvalidTokenError(f'{resource.kind.lower()} "{identity["name"]}" has been deleted')
