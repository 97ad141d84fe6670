"""Times as objects carry them: RFC 3339, UTC, whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The present time."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(stamp: str) -> float:
    """The seconds since then."""
    return (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()
