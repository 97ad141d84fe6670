"""A small keep-alive HTTP client for one Kubernetes API server.

Used by `tutorial.backends.cluster`, `discovery` and `facts`, from one thread.
"""

from __future__ import annotations

import http.client
import json
import math
import select
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from tutorial.backends.asking import JSON
from tutorial.backends.credentials import Credentials, Identity
from tutorial.backends.kubeconfig import Access
from tutorial.backends.pipeline import get_all
from tutorial.backends.proxies import Proxy, proxy_for
from tutorial.backends.refusals import unauthorized, unreachable
from tutorial.backends.response import Response
from tutorial.backends.silence import Silence
from tutorial.backends.transport import open_connection
from tutorial.engine.manifests import PROGRAM
from tutorial.engine.ports import Stopper
from tutorial.errors import TutorialError

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
TOGETHER_SECONDS = 3.0
"""For each answer to requests that were sent together."""

LONGEST_IDLE_SECONDS = 60.0
FRESH_SECONDS = 1.0
"""How old the date of an answer may be to stand for the server's clock."""

RETRY_DELAYS = (0.2, 0.5, 1.0, 2.0)
LONGEST_RETRY_AFTER_SECONDS = 5.0
_IDEMPOTENT = frozenset({"GET", "DELETE"})
_CONTENT_TYPES = {"PATCH": "application/merge-patch+json"}
_BUSY = frozenset({429, 503})
_ASKED_AGAIN = _BUSY | {401}
_AGENT = (("User-Agent", PROGRAM),)


class RestClient:
    """Requests to one API server over one connection, which is kept open between them."""

    def __init__(
        self,
        access: Access,
        environment: Mapping[str, str],
        *,
        read_again: Callable[[], Access] | None = None,
        stopper: Stopper | None = None,
    ) -> None:
        """`environment` names proxies, and is what a credential plugin of the kubeconfig runs with;
        `read_again` reads the kubeconfig anew, because logging in again may have written other credentials
        there; a Ctrl-C that `stopper` tells of ends the waiting for an answer."""
        self._access = access
        self._environment = environment
        self._read_again = read_again
        self._silence = Silence(stopper)
        self._credentials = Credentials(access, environment)
        self._prefix = urlsplit(access.server).path.rstrip("/")
        self._connection: http.client.HTTPConnection | None = None
        self._certificate: bytes | None = None
        self._may_send_together = True
        self._used = -math.inf
        self._date = ""
        self._date_came = -math.inf

    @property
    def access(self) -> Access:
        """Which server, and which user of the kubeconfig."""
        return self._access

    def when_silent(self, tell: Callable[[], None]) -> None:
        """From now on call `tell`, once, when the server lets somebody wait for its answer."""
        self._silence.tell = tell

    def as_user(self, access: Access) -> RestClient:
        """A client that goes the same way as another user; the caller closes it."""
        return RestClient(access, self._environment)

    @cached_property
    def proxy(self) -> Proxy | None:
        """By which proxy the server is asked. Raises NotReadyError: by none that can be used."""
        return proxy_for(self._access, self._environment)

    def identity(self) -> Identity:
        """The credentials that requests carry now."""
        return self._credentials.identity()

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        accept: str = JSON,
    ) -> Response:
        """Send a request and read its answer, whatever its status. The body of a PATCH is merged (RFC 7386).

        A busy server (429, 503) is asked again after a while, and so is one that cut the
        connection, unless the request might then be done twice.

        Raises:
            ClusterAwayError: the server cannot be reached.
            UnauthorizedError: it refuses the user (401), also with credentials got anew.
            NotReadyError: it is not the right one.
        """
        delays = iter(RETRY_DELAYS)
        may_log_in_again = True
        while True:
            identity = self._credentials.identity()
            began = _now()
            try:
                response = self._exchange(identity, method, path, body, accept)
            except (http.client.HTTPException, OSError) as error:
                self.close()
                delay = next(delays, None) if _is_worth_retrying(error, method) else None
                if delay is None:
                    self._silence.is_over()
                    raise unreachable(self._access, error, _now() - began, self.proxy) from None
                time.sleep(delay)
                continue
            if response.status == 401 and may_log_in_again and self.renew_credentials():
                may_log_in_again = False
                continue
            if response.status == 401:
                raise unauthorized(self._access, response)
            delay = self._busy_delay(response, method, next(delays, None))
            if delay is None:
                return response
            time.sleep(delay)

    def get_all(self, paths: Sequence[str], *, accept: str = JSON) -> list[Response]:
        """The answers to several GETs, in as few round trips as can be where nothing stands against that.

        Raises: as `request`.
        """
        together = self._get_all(paths, accept) if len(paths) > 1 and self._may_send_together else []
        waiting = [*together, *[None] * (len(paths) - len(together))]
        return [
            answer
            if answer is not None and answer.status not in _ASKED_AGAIN
            else self.request("GET", path, accept=accept)
            for path, answer in zip(paths, waiting, strict=True)
        ]

    def server_time(self) -> float:
        """The API server's clock, seconds since the epoch, to the second: the date of its last
        answer, where that is at most a second old. Where an answer has none, this machine's clock."""
        if time.monotonic() - self._date_came > FRESH_SECONDS:
            self.request("GET", "/version")
        try:
            return parsedate_to_datetime(self._date).timestamp()
        except ValueError:
            return time.time()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def renew_credentials(self) -> bool:
        """Forget what a plugin said, and read the kubeconfig again; false when nothing can have changed."""
        had_any = self._credentials.forget()
        try:
            access = self._read_again() if self._read_again is not None else self._access
        except TutorialError:  # it is being written at this moment, or its context is gone
            return had_any
        if access.user == self._access.user:
            return had_any
        self._access = replace(self._access, user=access.user, user_name=access.user_name)
        self._credentials = Credentials(self._access, self._environment)
        return True

    def _connect(self, identity: Identity) -> http.client.HTTPConnection:
        """The connection that is open, or a new one where it is no good any more."""
        if identity.certificate != self._certificate or self._is_stale():
            self.close()
        self._used = _time_awake_and_asleep()
        if self._connection is None:
            self._connection = open_connection(
                self._access, identity, CONNECT_SECONDS, READ_SECONDS, self._silence, proxy=self.proxy
            )
            self._certificate = identity.certificate
        return self._connection

    def _get_all(self, paths: Sequence[str], accept: str) -> list[Response]:
        """The answers to these requests, sent together; fewer when there is no connection, or it was cut."""
        identity = self._credentials.identity()
        try:
            stream = self._connect(identity).sock
        except (http.client.HTTPException, OSError):  # a request of its own tells of it
            self.close()
            return []
        prefix, for_proxy = self._way()
        headers = (("Accept", accept), *_AGENT, *for_proxy, *identity.headers)
        server = urlsplit(self._access.server).netloc
        answers: list[Response] = []
        try:
            stream.settimeout(TOGETHER_SECONDS)
            get_all(stream, server, [prefix + path for path in paths], headers, answers.append)
            stream.settimeout(READ_SECONDS)
        except TimeoutError:  # something on the way does not do this
            self._silence.lasts()
            self.close()
            self._may_send_together = False
        except (http.client.HTTPException, OSError):
            self.close()
        if answers:
            self._keep_date(answers[-1].headers.get("date", ""))
        return answers

    def _way(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What stands before each path, and what a proxy must be told with each request: nothing, where it
        only makes a tunnel."""
        parts = urlsplit(self._access.server)
        if self.proxy is None or parts.scheme == "https":
            return self._prefix, ()
        return f"http://{parts.netloc}{self._prefix}", self.proxy.headers

    def _keep_date(self, date: str) -> None:
        self._silence.is_over()
        self._date, self._date_came = date, time.monotonic()

    def _exchange(
        self, identity: Identity, method: str, path: str, body: Mapping[str, Any] | None, accept: str
    ) -> Response:
        connection = self._connect(identity)
        payload = json.dumps(body).encode() if body is not None else b""
        prefix, for_proxy = self._way()
        connection.putrequest(method, prefix + path)
        for name, value in (("Accept", accept), *_AGENT, *for_proxy, *identity.headers):
            connection.putheader(name, value.encode())
        if payload:
            connection.putheader("Content-Type", _CONTENT_TYPES.get(method, JSON))
        if payload or method != "GET":
            connection.putheader("Content-Length", str(len(payload)))
        connection.endheaders(payload)
        self._silence.wait(connection.sock, READ_SECONDS)
        answer = connection.getresponse()
        content = answer.read()
        if answer.will_close:
            self.close()
        self._keep_date(answer.getheader("Date", ""))
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def _is_stale(self) -> bool:
        """An idle connection that has something to read has been closed by the server. One that was
        idle for long may have been forgotten on the way, which nothing tells."""
        if self._connection is None or self._connection.sock is None:
            return False
        if _time_awake_and_asleep() - self._used > LONGEST_IDLE_SECONDS:
            return True
        return bool(select.select([self._connection.sock], [], [], 0)[0])

    def _busy_delay(self, response: Response, method: str, delay: float | None) -> float | None:
        """How long to wait before asking again, or None for not at all. 429 was not acted on;
        503 may have been."""
        if response.status not in _BUSY or delay is None:
            return None
        if response.status == 503 and method not in _IDEMPOTENT:
            return None
        wanted = response.headers.get("retry-after", "")
        if wanted.isdigit():
            return min(max(float(wanted), delay), LONGEST_RETRY_AFTER_SECONDS)
        return delay


def _now() -> float:
    """Seconds of a clock that only goes forward."""
    return time.monotonic()


def _time_awake_and_asleep() -> float:
    """Seconds, those included that the machine has slept, where its clock can tell (Linux)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def _is_worth_retrying(error: Exception, method: str) -> bool:
    """A cut connection may be tried again at once; a refused, silent or untrusted one may not."""
    if isinstance(error, TimeoutError | ConnectionRefusedError | ssl.SSLCertVerificationError):
        return False
    cut = isinstance(error, ConnectionError | http.client.HTTPException | ssl.SSLError)
    return cut and method in _IDEMPOTENT
