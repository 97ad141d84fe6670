"""The run's objects as they are now, as text: for the key `o`. Called by `tutorial.app`."""

from __future__ import annotations

from tutorial.engine.by_hand import age
from tutorial.engine.context import Tools
from tutorial.engine.history import owned_objects


def objects_now(tools: Tools) -> str:
    """One line an object: its name, its age, and whether it is going or gone.

    Raises:
        NotReadyError: the cluster cannot be asked.
    """
    owned = owned_objects(tools.ledger.records())
    if not owned:
        return "This run has made no object that is there now."
    now = tools.cluster.server_time()
    lines = []
    there = tools.cluster.lookup_all([made.reference for _, made in owned.values()])
    for uid, (_, made) in owned.items():
        state = there[made.reference]
        if state is None:
            lines.append(f"{made.reference}  gone")
        elif state.uid != uid:
            lines.append(f"{made.reference}  replaced by another")
        else:
            lines.append(
                f"{made.reference}  {age(now - state.created)}" + "  terminating" * state.terminating
            )
    return "\n".join(lines)
