"""How one write is meant: who writes, for real or as a trial, and what to do with unknown fields.

Made by `tutorial.sandbox.api.server` from a request's query, and by the parts in this process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tutorial.sandbox.schemas import DecodingError
from tutorial.sandbox.status import ApiError


@dataclass
class WriteOptions:
    """`manager` and `operation` go into managedFields (none without a manager); `strictness` is
    kubectl's fieldValidation: Strict, Warn or Ignore; `warnings` collects what the client is
    told besides the answer; `repeated` are the fields that the body had twice; `explain` turns an
    object that cannot be read into a patch's own refusal; `confirm` is asked, with what is stored
    now (None for a new object) and what would be, and may refuse it; `internal` is a part of the
    control plane itself, which may do what a client's plain update may not (finalize a namespace)."""

    manager: str = ""
    operation: str = "Update"
    subresource: str = ""
    dry_run: bool = False
    strictness: str = "Ignore"
    internal: bool = False
    warnings: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    explain: Callable[[DecodingError, dict[str, Any]], ApiError] | None = None
    confirm: Callable[[dict[str, Any] | None, dict[str, Any]], None] | None = None


def by_control_plane(manager: str = "kube-controller-manager") -> WriteOptions:
    """A write of one of the sandbox's own parts."""
    return WriteOptions(manager=manager, internal=True)


@dataclass(frozen=True)
class DeleteOptions:
    """DELETE's body: preconditions, the pod's grace in seconds (None: its own), and
    Background, Foreground or Orphan."""

    uid: str | None = None
    resource_version: str | None = None
    grace_seconds: int | None = None
    propagation: str = "Background"
    dry_run: bool = False
