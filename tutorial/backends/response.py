"""An answer of an API server. Made by `tutorial.backends.rest` and `pipeline`; read by all who ask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tutorial.text.escapes import safe_text


@dataclass(frozen=True)
class Response:
    """A whole answer. `headers` has names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; empty when it is none."""
        with suppress(ValueError):
            data = json.loads(self.body)
            if isinstance(data, dict):
                return data
        return {}

    @property
    def is_of_the_api(self) -> bool:
        """Whether a Kubernetes API server can have said this, and not a proxy or a login page before
        it: all that it says in JSON has a kind."""
        return isinstance(self.json().get("kind"), str)

    @property
    def may_pass(self) -> bool:
        """Whether it is a refusal that waiting may end: too many requests, or a server in trouble."""
        return self.status == 429 or self.status >= 500

    @property
    def message(self) -> str:
        """The server's own words for a refusal, safe to show."""
        said = self.json().get("message") or self.body[:200].decode(errors="replace").strip()
        return safe_text(str(said or f"HTTP {self.status}"))
