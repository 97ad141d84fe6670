"""What kubectl says of the objects that a command was to make: some it found there already.

Called by `tutorial.engine.attempt`: an object that was absent before a command and is there after it
is not the command's, where somebody else made it in between.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tutorial.steps.model import ObjectReference

# Possessive, and begun only where a word begins: a hostile output of one long word costs one pass.
_APPLIED = re.compile(
    r"^(?P<kind>[a-z]++)[a-z0-9.-]*+/(?P<name>\S++) (?P<what>created|configured|unchanged)\b", re.M
)
_EXISTS = re.compile(
    r"(?<![\w.-])(?P<plural>[a-z]++)[a-z0-9.-]*+ \"(?P<name>[^\"\s]++)\" already exists", re.ASCII
)


def found_there(output: str, references: Sequence[ObjectReference]) -> list[ObjectReference]:
    """Those of the references of which kubectl says that they were there, and not that it made them.

    Args:
        output: what the command wrote to stdout and stderr.
        references: what the command was to make. kubectl names no namespace, so that of two objects
            of one kind and name it says nothing.
    """
    made = {(each["kind"], each["name"]) for each in _APPLIED.finditer(output) if each["what"] == "created"}
    found = {(each["kind"], each["name"]) for each in _APPLIED.finditer(output)}
    existing = [(each["plural"], each["name"]) for each in _EXISTS.finditer(output)]
    count = Counter(map(_name, references))
    there = []
    for reference in references:
        kind, name = _name(reference)
        exists = any(name == other and plural in _plurals(kind) for plural, other in existing)
        if count[kind, name] == 1 and (kind, name) not in made and ((kind, name) in found or exists):
            there.append(reference)
    return there


def _name(reference: ObjectReference) -> tuple[str, str]:
    return reference.kind.partition(".")[0].lower(), reference.name


def _plurals(kind: str) -> tuple[str, ...]:
    """How the API can name the resource of a kind (CRDs are free to choose; these are the usual ways)."""
    return kind, f"{kind}s", f"{kind}es", f"{kind[:-1]}ies"
