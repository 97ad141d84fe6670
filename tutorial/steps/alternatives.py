"""Reads what may be said in more than one way: a list of items with a `when` each, the last without.

Used by `tutorial.steps.step_file` for a step's texts, and by `tutorial_file` for variables.
"""

from __future__ import annotations

from tutorial.steps.expectations import read_condition
from tutorial.steps.fields import Fields
from tutorial.steps.model import AdaptedValue, Alternative, Condition
from tutorial.steps.yaml_nodes import Scalar, Sequence


def read_text(fields: Fields, key: str) -> tuple[str, tuple[Alternative, ...]]:
    """The text that holds by default, and those that take its place where their `when` holds."""
    if not isinstance(fields.node(key), Sequence):
        return fields.text(key), ()
    texts = []
    for item, condition in read_items(fields, key, ("text", "when"), example="{text: ..., when: ...}"):
        item.require("text")
        texts.append(Alternative(item.text("text"), condition))
    return (texts[-1].text, tuple(texts[:-1])) if texts else ("", ())


def read_value(fields: Fields, name: str) -> tuple[Scalar | None, tuple[AdaptedValue, ...]]:
    """A variable's default, and the values that take its place where their `when` holds. The default
    is None when it has a fault."""
    node = fields.node(name)
    if isinstance(node, Scalar):
        return node, ()
    known = ("value", "address_of", "when")
    items = read_items(fields, name, known, example="{value: ..., when: ...}")
    if not items:
        return None, ()
    for item, _ in items[:-1]:
        if (item.node("value") is None) == (item.node("address_of") is None):
            what = f'this item of "{name}" needs either "value" or "address_of"'
            item.fault("value", what, "write one of them")
    last = items[-1][0]
    last.require("value")
    default = last.node("value")
    values = [AdaptedValue(when, item.text("value"), item.text("address_of")) for item, when in items[:-1]]
    return default if isinstance(default, Scalar) else None, tuple(values)


def read_items(
    fields: Fields, key: str, known: tuple[str, ...], *, example: str
) -> list[tuple[Fields, Condition]]:
    """The mappings listed under `key`, each with its condition. Every one but the last must have a
    condition, so that exactly one is chosen: the first that holds."""
    node = fields.node(key)
    if isinstance(node, Sequence) and not node.items:
        fields.fault(key, f'"{key}" is an empty list', "write an item, or leave the key out")
    items = [
        Fields(mapping, f"an item of {key}", known, fields.faults)
        for mapping in fields.mappings(key, example=example)
    ]
    found = [(item, read_condition(item)) for item in items]
    for item, condition in found[:-1]:
        if not condition:
            what = f'this item of "{key}" always holds, so that the later ones never do'
            item.fault("when", what, "write its `when:`, or put it last")
    for item, condition in found[-1:]:
        if condition:
            write = "leave it out: the last is for all that the others are not for"
            item.fault("when", f'the last item of "{key}" has a `when`', write)
    return found
