"""Who the user is to the API server: tokens, token files, client certificates, credential plugins.

Called by `tutorial.backends.rest`. The plugins' protocol is ExecCredential of
client.authentication.k8s.io, v1 and v1beta1 (Kubernetes documentation, "Authenticating").
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tutorial.backends.kubeconfig import Access, from_base64
from tutorial.errors import NotReadyError

PLUGIN_SECONDS = 60.0
_API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_OF_A_HEADERS_NAME = "!#$&'*+-.^_`|~"


@dataclass(frozen=True)
class Identity:
    """What a request carries: headers, and a client certificate with its key (PEM) or None."""

    headers: tuple[tuple[str, str], ...]
    certificate: bytes | None = None
    key: bytes | None = None


class Credentials:
    """The credentials of one kubeconfig user; renewed when they expire."""

    def __init__(self, access: Access, environment: Mapping[str, str]) -> None:
        """`environment` is what a credential plugin runs with."""
        self._access = access
        self._user = access.user
        self._environment = environment
        self._from_plugin: tuple[float, Mapping[str, Any]] | None = None

    def identity(self) -> Identity:
        """The credentials as they are now.

        Raises:
            NotReadyError: a file cannot be read, a plugin failed, the kind is not supported, or a value
                has a form that none can have.
        """
        try:
            identity = self._identity()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise self._refused(f"a value has the wrong form ({error})") from None
        for name, value in identity.headers:
            if _CONTROL.search(value):
                raise self._refused(f"what would be sent as {name} holds a control character")
        return identity

    def _identity(self) -> Identity:
        if "auth-provider" in self._user:
            raise self._refused("it uses an auth-provider, which Kubernetes no longer supports")
        own = tuple(self._own_authorization())
        status = self._plugin_status() if self._user.get("exec") and not own else {}
        headers = (*self._impersonation(), *(own or self._bearer(status.get("token"))))
        certificate = status.get("clientCertificateData")
        if certificate:
            return Identity(headers, certificate.encode(), str(status.get("clientKeyData", "")).encode())
        return Identity(headers, self._data_or_file("client-certificate"), self._data_or_file("client-key"))

    def forget(self) -> bool:
        """Forget what a plugin said, after the server refused it. False when there was nothing."""
        had = self._from_plugin is not None
        self._from_plugin = None
        return had

    def _own_authorization(self) -> Iterator[tuple[str, str]]:
        """What the kubeconfig itself has: a plugin is not asked then, as by client-go."""
        user = self._user
        if user.get("token") and user.get("username"):
            raise self._refused("it has both a token and a username, and only one can be meant")
        yield from self._bearer(self._token_from_file() or user.get("token"))
        if user.get("username"):
            pair = f"{user['username']}:{user.get('password', '')}"
            yield "Authorization", "Basic " + base64.b64encode(pair.encode()).decode()

    def _bearer(self, token: object) -> Iterator[tuple[str, str]]:
        if token:
            if not _TOKEN.fullmatch(str(token)):
                raise self._refused("its token has characters that no token has")
            yield "Authorization", f"Bearer {token}"

    def _impersonation(self) -> Iterator[tuple[str, str]]:
        """The headers as client-go names them (`transport.impersonatingRoundTripper`)."""
        user = self._user
        if not user.get("as"):
            if any(user.get(name) for name in ("as-uid", "as-groups", "as-user-extra")):
                raise self._refused("it impersonates a uid, groups or extras without a user")
            return
        yield "Impersonate-User", str(user["as"])
        if user.get("as-uid"):
            yield "Impersonate-Uid", str(user["as-uid"])
        for group in self._listed("as-groups", user.get("as-groups")):
            yield "Impersonate-Group", group
        extras = user.get("as-user-extra") or {}
        if not isinstance(extras, dict):
            raise self._refused("its as-user-extra is no mapping")
        for name, values in extras.items():
            header = f"Impersonate-Extra-{quote(str(name), safe=_OF_A_HEADERS_NAME)}"
            for value in self._listed(f"as-user-extra.{name}", values):
                yield header, value

    def _listed(self, key: str, values: object) -> list[str]:
        if values is not None and not isinstance(values, list):
            raise self._refused(f"its {key} is no list")
        return [str(each) for each in values or []]

    def _token_from_file(self) -> str:
        """The file outranks a token beside it, which stands in while the file cannot be read."""
        path = self._user.get("tokenFile")
        if not path:
            return ""
        try:
            return self._read(Path(path)).decode(errors="replace").strip()
        except NotReadyError:
            if self._user.get("token"):
                return ""
            raise

    def _data_or_file(self, key: str) -> bytes | None:
        data = self._user.get(f"{key}-data")
        if data:
            try:
                return from_base64(str(data))
            except ValueError:
                raise self._refused(f"its {key}-data is no base64") from None
        path = self._user.get(key)
        return self._read(Path(path)) if path else None

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise self._refused(f"{path} cannot be read ({error.strerror})") from None

    def _plugin_status(self) -> Mapping[str, Any]:
        if self._from_plugin is None or self._from_plugin[0] <= _now():
            self._from_plugin = self._run_plugin(self._user["exec"])
        return self._from_plugin[1]

    def _run_plugin(self, plugin: Mapping[str, Any]) -> tuple[float, Mapping[str, Any]]:
        """When to ask again, and the status of what it printed."""
        command = str(plugin.get("command", ""))
        if plugin.get("apiVersion") not in _API_VERSIONS:
            raise self._refused(f"its plugin speaks {plugin.get('apiVersion')}, which is not known")
        extra = {str(item["name"]): str(item["value"]) for item in plugin.get("env") or []}
        environment = {**self._environment, **extra, "KUBERNETES_EXEC_INFO": self._exec_info(plugin)}
        try:
            done = subprocess.run(
                [command, *map(str, plugin.get("args") or [])],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PLUGIN_SECONDS,
                check=True,
            )
            status = self._checked(json.loads(done.stdout), plugin)
            return _expiry(status), status
        except FileNotFoundError:
            hint = str(plugin.get("installHint") or "").strip()
            raise self._refused(f"its plugin {command} is not installed. {hint}".strip()) from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip().splitlines()
            raise self._refused(f"its plugin {command} failed: {said[-1] if said else error}") from None
        except subprocess.TimeoutExpired:
            raise self._refused(f"its plugin {command} took over {PLUGIN_SECONDS:.0f} s") from None
        except (OSError, ValueError) as error:
            raise self._refused(f"its plugin {command} failed: {error}") from None

    def _exec_info(self, plugin: Mapping[str, Any]) -> str:
        spec: dict[str, Any] = {"interactive": False}
        if plugin.get("provideClusterInfo"):
            spec["cluster"] = {
                name: self._access.cluster[name]
                for name in (
                    "server",
                    "tls-server-name",
                    "insecure-skip-tls-verify",
                    "certificate-authority-data",
                    "proxy-url",
                )
                if name in self._access.cluster
            }
        return json.dumps({"apiVersion": plugin["apiVersion"], "kind": "ExecCredential", "spec": spec})

    def _checked(self, credential: Any, plugin: Mapping[str, Any]) -> Mapping[str, Any]:
        status = credential.get("status") if isinstance(credential, dict) else None
        if not isinstance(status, dict) or credential.get("apiVersion") != plugin["apiVersion"]:
            raise ValueError("it printed no ExecCredential of its version")
        return status

    def _refused(self, why: str) -> NotReadyError:
        return NotReadyError(
            f"The user {self._access.user_name} of the context {self._access.context} cannot log in.",
            why=f"In the kubeconfig, {why}.",
            do=f"Try it with: {self._access.kubectl('auth whoami')}",
        )


def _now() -> float:
    return time.time()


def _expiry(status: Mapping[str, Any]) -> float:
    """When to ask the plugin again, seconds since the epoch; never, if it did not say. What it said is
    used to its last second, as by client-go: a server that refuses it before has it renewed, too."""
    stamp = status.get("expirationTimestamp")
    if not stamp:
        return float("inf")
    return datetime.fromisoformat(str(stamp)).timestamp()
