"""Reads a `tutorial.yaml`: a folder's title, what it includes, its variables and files.

Called by `tutorial.steps.loader` and `tutorial.steps.catalog`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tutorial.steps.alternatives import read_value
from tutorial.steps.faults import Fault
from tutorial.steps.fields import Fields
from tutorial.steps.model import AdaptedValue, Location, Outside, Sidecar
from tutorial.steps.surroundings import read_outside, read_sidecars
from tutorial.steps.yaml_nodes import Mapping, Scalar, read_mapping

FILE_NAME = "tutorial.yaml"
TUTORIAL_KEYS = (
    "title", "summary", "order", "include", "requires", "variables", "files", "outside", "sidecars",
    "section_only",
)  # fmt: skip
HERE = "."
LAST = 1000
"""The place in a list of a tutorial that asks for none."""
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")

BASH_VARIABLES = frozenset(
    (
        "BASH_ENV",
        "ENV",
        "HOME",
        "IFS",
        "KUBECONFIG",
        "LD_PRELOAD",
        "PATH",
        "PWD",
        "SHELL",
        "TERM",
        "UID",
        "EUID",
    )
)
"""Names that a tutorial's default would break the run with."""


@dataclass(frozen=True)
class TutorialSource:
    """What one tutorial.yaml says. `include` and `variables` keep their places for faults, and
    `mapping` all others; `order` is the tutorial's place in a list of bundled ones."""

    folder: Path
    mapping: Mapping
    title: str = ""
    summary: str = ""
    order: int = LAST
    include: tuple[Scalar, ...] = ()
    requires: str = "cluster"
    variables: dict[str, Scalar] = field(default_factory=dict)
    adapted_values: dict[str, tuple[AdaptedValue, ...]] = field(default_factory=dict)
    files: Path | None = None
    files_place: Location | None = None
    outside: tuple[Outside, ...] = ()
    sidecars: tuple[Sidecar, ...] = ()
    section_only: bool = False

    @property
    def place(self) -> Location:
        return self.mapping.place


def read_tutorial_file(folder: Path, faults: list[Fault]) -> TutorialSource | None:
    """The tutorial.yaml of `folder`; None when its form is broken."""
    path = folder / FILE_NAME
    mapping = read_mapping(path, faults)
    return _read(folder, mapping, faults) if mapping else None


def has_tutorial_file(folder: Path) -> bool:
    """Whether the folder holds a tutorial.yaml; false as well where that cannot be looked up."""
    try:
        return (folder / FILE_NAME).is_file()
    except OSError:
        return False


def _read(folder: Path, mapping: Mapping, faults: list[Fault]) -> TutorialSource:
    fields = Fields(mapping, FILE_NAME, TUTORIAL_KEYS, faults)
    fields.require("title")
    variables, adapted_values = _variables(fields)
    return TutorialSource(
        folder=folder,
        mapping=mapping,
        title=fields.text("title"),
        summary=fields.text("summary"),
        order=fields.whole_number("order", LAST, 1, LAST),
        include=_include(fields, mapping),
        requires=fields.choice("requires", ("cluster", "none"), "cluster"),
        variables=variables,
        adapted_values=adapted_values,
        files=_files(folder, fields),
        files_place=fields.place("files"),
        outside=read_outside(fields),
        sidecars=read_sidecars(fields),
        section_only=fields.flag("section_only"),
    )


def _include(fields: Fields, mapping: Mapping) -> tuple[Scalar, ...]:
    included: dict[str, Scalar] = {}
    for name in fields.scalars("include") or [Scalar(mapping.place, HERE)]:
        if name.text != HERE and not _FOLDER.match(name.text):
            write = "write the name of a folder beside this one, or . for this one"
            fields.faults.append(Fault(name.place, f'"{name.text}" cannot be included', write))
        elif name.text in included:
            fields.faults.append(Fault(name.place, f'"{name.text}" is included twice', "keep one of them"))
        else:
            included[name.text] = name
    return tuple(included.values())


def _variables(parent: Fields) -> tuple[dict[str, Scalar], dict[str, tuple[AdaptedValue, ...]]]:
    """Each variable's default, and what takes its place where the facts say so."""
    names = parent.node("variables")
    if not isinstance(names, Mapping):
        parent.pairs("variables", example="NAMESPACE: default")
        return {}, {}
    fields = Fields(names, '"variables"', names.entries, parent.faults)
    parent.variable_names("variables", names.entries)
    defaults, adapted_values = {}, {}
    for name in names.entries:
        if name in BASH_VARIABLES:
            what = f'"{name}" belongs to the shell'
            parent.faults.append(Fault(fields.place(name), what, "choose another name"))
        default, values = read_value(fields, name)
        if default is not None:
            defaults[name] = default
        if values:
            adapted_values[name] = values
    return defaults, adapted_values


def _files(folder: Path, fields: Fields) -> Path | None:
    text = fields.text("files")
    if not text:
        return None
    files = folder / text
    if Path(text).is_absolute() or not _is_folder(files):
        fields.fault("files", f'"{text}" is not a folder', "write a folder's path, relative to this file's")
        return None
    return files.resolve()


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
