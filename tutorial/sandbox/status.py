"""Kubernetes' `Status` as an exception: what a refused request answers, in kubectl's words.

Raised by the API, the store and the node; turned into a response by `tutorial.sandbox.api`.
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refused request.

    Args:
        code: the HTTP status code.
        reason: Kubernetes' machine-readable reason (`NotFound`, `AlreadyExists`, `Conflict`, ...).
        message: the sentence that kubectl prints after `Error from server (REASON): `.
        details: `Status.details`: name, group, kind, uid, causes, retryAfterSeconds.
    """

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def to_status(self) -> dict[str, Any]:
        """The error as a `v1.Status` object."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details is not None:
            status["details"] = self.details
        return status
