"""The engine's `Cluster` port over the Kubernetes API: look-ups, deletes by uid, and a namespace's contents.

Made by `tutorial.backends.select`; used by the engine's rollback and checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tutorial.engine.ports import ObjectState
from tutorial.steps.model import ObjectReference


class ApiCluster:
    """See `tutorial.engine.ports.Cluster`. Every method raises NotReadyError when the API server
    cannot be reached or refuses the user."""

    def lookup(self, reference: ObjectReference) -> ObjectState | None:
        """The object as it is now, or None."""
        raise NotImplementedError

    def delete(self, reference: ObjectReference, uid: str) -> bool:
        """Delete with `uid` as a precondition, in the background."""
        raise NotImplementedError

    def namespace_contents(self, namespace: str) -> Sequence[ObjectState]:
        """Every object in the namespace, of every listable kind, events left out."""
        raise NotImplementedError

    def restore(self, manifest: Mapping[str, object]) -> ObjectState:
        """Create the object again from a saved manifest, server-owned fields removed."""
        raise NotImplementedError

    def server_time(self) -> float:
        """The API server's clock, seconds since the epoch."""
        raise NotImplementedError
