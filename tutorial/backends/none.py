"""No cluster: a tutorial with `requires: none`. Made by `tutorial.backends.select`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from tutorial.engine.ports import ObjectState
from tutorial.errors import NotReadyError
from tutorial.steps.model import ObjectReference


class NoCluster:
    """The `Cluster` port where there is none: nothing is there, nothing can be deleted."""

    def lookup(self, reference: ObjectReference) -> ObjectState | None:
        """None: there is no cluster that could hold it."""
        del reference
        return None

    def lookup_all(
        self, references: Sequence[ObjectReference]
    ) -> Mapping[ObjectReference, ObjectState | None]:
        """None for each."""
        return dict.fromkeys(references)

    def delete(self, reference: ObjectReference, uid: str, version: str = "") -> bool:
        """False: it is not there."""
        del reference, uid, version
        return False

    def namespace_contents(self, namespace: str) -> Sequence[ObjectState]:
        """Nothing."""
        del namespace
        return ()

    def restore(self, manifest: Mapping[str, object]) -> ObjectState:
        """Raises NotReadyError: there is nowhere to put it."""
        raise NotReadyError(
            f"{manifest.get('kind')} cannot be created again.",
            why="This tutorial runs without a cluster.",
            do="Write requires: cluster in its tutorial.yaml.",
        )

    def give_back(self, manifest: Mapping[str, object], uid: str) -> None:
        """Nothing to do: nothing was restored."""
        del manifest, uid

    def rehearse(self, manifest: Mapping[str, object]) -> str:
        """Says that there is nowhere to put it."""
        del manifest
        return "there is no cluster"

    def server_time(self) -> float:
        """This machine's clock."""
        return time.time()

    def facts(self) -> Mapping[str, str]:
        """None: there is nothing to ask."""
        return {}

    def is_gone(self) -> bool:
        """False: nothing can end here."""
        return False
