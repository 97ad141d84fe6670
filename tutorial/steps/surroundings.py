"""Reads what a tutorial needs besides its cluster: `outside` and `sidecars` of a tutorial.yaml.

Used by `tutorial.steps.tutorial_file`.
"""

from __future__ import annotations

from tutorial.steps.expectations import read_condition
from tutorial.steps.fields import Fields
from tutorial.steps.model import Outside, Sidecar

_SIDECARS = ("automatic", "manual", "none")


def read_outside(parent: Fields) -> tuple[Outside, ...]:
    """`outside`: what beyond the cluster the tutorial's pods ask."""
    found = []
    for mapping in parent.mappings("outside", example="{name: ..., command: ...}"):
        fields = Fields(mapping, "an item of outside", ("name", "command", "host", "when"), parent.faults)
        fields.require("name", "command")
        command = fields.text("command")
        if "\n" in command.strip():
            fields.fault("command", "the command has more than one line", "write one plain command")
        when = read_condition(fields)
        found.append(Outside(fields.text("name"), command.strip(), fields.text("host"), when))
    return tuple(found)


def read_sidecars(parent: Fields) -> tuple[Sidecar, ...]:
    """`sidecars`: how the pods of each namespace come to one."""
    found = []
    for mapping in parent.mappings("sidecars", example="{namespace: ..., sidecar: automatic}"):
        fields = Fields(mapping, "an item of sidecars", ("namespace", "sidecar", "when"), parent.faults)
        fields.require("namespace", "sidecar")
        sidecar = fields.choice("sidecar", _SIDECARS, "automatic")
        found.append(Sidecar(fields.text("namespace"), sidecar, read_condition(fields)))
    return tuple(found)
