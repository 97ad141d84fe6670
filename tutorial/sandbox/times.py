"""Times as objects carry them: RFC 3339, UTC, whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime


def now(*, microseconds: bool = False) -> str:
    """The present time; with microseconds where Kubernetes keeps them (leases)."""
    fraction = ".%f" if microseconds else ""
    return datetime.now(UTC).strftime(f"%Y-%m-%dT%H:%M:%S{fraction}Z")


def age(stamp: str) -> float:
    """The seconds since then."""
    return (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()
