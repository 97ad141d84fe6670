"""Commands that a person can type to remove or free an object, and how objects and ages are named. Pure.

Used by all that tells of objects: the engine, `tutorial.left_runs`, `tutorial.forgetting`, the views.
"""

from __future__ import annotations

from shlex import quote

from tutorial.steps.model import ObjectReference

_REMARK = "# "


def delete_command(reference: ObjectReference, options: str) -> str:
    """`kubectl delete service my-httpbin -n default --context kind`.

    Args:
        options: those of kubectl that choose the cluster, so that a person who copies the command
            into another shell cannot meet another cluster; empty where there is nothing to choose.
    """
    return f"kubectl delete {_name(reference)}{_after(options)}"


def delete_unseen_command(reference: ObjectReference, options: str) -> str:
    """As `delete_command`, for what has not been looked into: of a namespace it warns, which may hold what
    others have put there."""
    command = delete_command(reference, options)
    return with_remark(command, "deletes all that is in it") if reference.kind == "namespace" else command


def look_command(reference: ObjectReference, options: str) -> str:
    """The command that shows an object of which it is not known whether it is there and whose it is."""
    command = f"kubectl get {_name(reference)} --show-managed-fields -o yaml{_after(options)}"
    return with_remark(command, "may be this run's")


def with_remark(command: str, remark: str) -> str:
    """The command under a remark. The remark has a line of its own, because zsh takes a `#` that is typed
    for a word of the command."""
    return f"{_REMARK}{remark}\n{command}"


def without_remark(command: str) -> str:
    """The command alone."""
    return command.partition("\n")[2] if command.startswith(_REMARK) else command


def listed(command: str) -> str:
    """The command as a list shows it: indented, its remark, too."""
    bare = without_remark(command)
    remark = command.removesuffix(bare)
    return f"  {remark}  {bare}" if remark else f"  {bare}"


def free_command(reference: ObjectReference, options: str) -> str:
    """The command that takes an object's finalizers away."""
    patch = quote('{"metadata":{"finalizers":null}}')
    return f"kubectl patch {_name(reference)} --type=merge -p {patch}{_after(options)}"


def create_command(path: str, options: str) -> str:
    """The command that creates the object that a file holds."""
    return f"kubectl create -f {quote(path)}{_after(options)}"


def age(seconds: float) -> str:
    """An age for people: `40 seconds`, `3 hours`, `12 days`."""
    seconds = max(0.0, seconds)
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return _counted(int(seconds // length), unit)
    return _counted(int(seconds), "second")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" + ("" if count == 1 else "s")


def _name(reference: ObjectReference) -> str:
    namespace = f" -n {quote(reference.namespace)}" if reference.namespace else ""
    return f"{reference.kind} {quote(reference.name)}{namespace}"


def _after(options: str) -> str:
    return f" {options}" if options else ""
