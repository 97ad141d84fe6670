"""Commands that a person can type to remove or free an object, and how objects and ages are named."""

from __future__ import annotations

from shlex import quote

from tutorial.steps.model import ObjectReference


def delete_command(reference: ObjectReference) -> str:
    """`kubectl delete service my-httpbin -n default`."""
    return f"kubectl delete {reference.kind} {quote(reference.name)}{_in_namespace(reference)}"


def look_command(reference: ObjectReference) -> str:
    """The command that shows an object of which it is not known whether it is there and whose it is."""
    name = f"{reference.kind} {quote(reference.name)}{_in_namespace(reference)}"
    return f"kubectl get {name} --show-managed-fields -o yaml  # may be this run's"


def free_command(reference: ObjectReference) -> str:
    """The command that takes an object's finalizers away."""
    patch = quote('{"metadata":{"finalizers":null}}')
    name = f"{reference.kind} {quote(reference.name)}{_in_namespace(reference)}"
    return f"kubectl patch {name} --type=merge -p {patch}"


def age(seconds: float) -> str:
    """An age for people: `40 seconds`, `3 hours`, `12 days`."""
    seconds = max(0.0, seconds)
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return _counted(int(seconds // length), unit)
    return _counted(int(seconds), "second")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" + ("" if count == 1 else "s")


def _in_namespace(reference: ObjectReference) -> str:
    return f" -n {quote(reference.namespace)}" if reference.namespace else ""
