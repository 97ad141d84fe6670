"""What keeps a deleted object: finalizers, of itself or of what is in a namespace. Pure.

Used by `tutorial.engine.removal` and `patience` for the run's own deletions, by `diagnosis` for those of a
step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tutorial.engine.ports import ObjectState


def holders(state: ObjectState, contents: Callable[[str], Sequence[ObjectState]]) -> list[ObjectState]:
    """The objects whose finalizers keep this one.

    Args:
        contents: gives what is in a namespace.
    """
    if state.finalizers or state.reference.kind != "namespace":
        return [state] if state.finalizers else []
    return [each for each in contents(state.reference.name) if each.finalizers]


def finalizers_of(held: Sequence[ObjectState]) -> str:
    """`example.org/wait of service/my-httpbin@default`."""
    return "; ".join(f"{', '.join(each.finalizers)} of {each.reference}" for each in held)
