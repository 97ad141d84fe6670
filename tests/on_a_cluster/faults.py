"""What can go wrong between a client and an API server, and which requests it happens to.

Used by `tests/on_a_cluster/proxy.py`; made by the tests.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


@dataclass(frozen=True)
class Drop:
    """The connection is reset before the request goes on."""


@dataclass(frozen=True)
class LoseAnswer:
    """The request goes on and is acted on; then the connection is reset."""


@dataclass(frozen=True)
class Delay:
    """The request goes on after these seconds."""

    seconds: float


@dataclass(frozen=True)
class Hold:
    """The request waits here until it is released."""

    released: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Answer:
    """This is answered in the API server's place."""

    status: int
    content: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CutBody:
    """The answer comes, but for its body's end: the connection is reset after this many bytes of it."""

    after_bytes: int


@dataclass(frozen=True)
class CutWatch:
    """The connection is reset after this many lines of the answer's body: a watch sends one an event."""

    after_events: int


Fault = Drop | LoseAnswer | Delay | Hold | Answer | CutBody | CutWatch


def refuse(status: int, *, retry_after: int | None = None) -> Answer:
    """The API server's own refusal: a Status with its reason."""
    reason = _REASONS[status]
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"the proxy of the tests refuses: {reason}",
        "reason": reason,
        "code": status,
    }
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(status, json.dumps(body).encode(), headers=headers)


@dataclass
class Rule:
    """A fault for requests whose method and path with query match these patterns (the whole method,
    any part of the path), and whose user agent begins with `agent`: not for the first `skip` of them,
    then for `times` (None: for all)."""

    fault: Fault
    method: str = ".*"
    path: str = ""
    agent: str = ""
    skip: int = 0
    times: int | None = None
    seen: int = 0

    def takes(self, method: str, path: str, agent: str) -> bool:
        """Whether this request gets the fault. Counts it."""
        if not re.fullmatch(self.method, method) or not re.search(self.path, path):
            return False
        if not agent.startswith(self.agent):
            return False
        self.seen += 1
        return self.hits > 0 and (self.times is None or self.hits <= self.times)

    @property
    def hits(self) -> int:
        """How many matching requests came after those that were skipped."""
        return self.seen - self.skip
