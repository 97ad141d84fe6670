"""Loads a tutorial: its folder, the folders it includes, and their step files, into one `Tutorial`.

Called by the command line and `tutorial.app`. All faults of all files are found in one pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tutorial.errors import StepFileError
from tutorial.steps.catalog import bundled_tutorials, find_tutorial
from tutorial.steps.faults import Fault
from tutorial.steps.model import AdaptedValue, Location, Tutorial
from tutorial.steps.rules import check_rules, check_section
from tutorial.steps.step_file import StepSource, read_step
from tutorial.steps.tutorial_file import (
    FILE_NAME,
    HERE,
    TutorialSource,
    has_tutorial_file,
    read_tutorial_file,
)

__all__ = ["bundled_tutorials", "find_tutorial", "load_tutorial", "read_tutorial"]

MAX_STEPS = 500
_STEP_NAME = re.compile(r"(?P<number>[0-9]{1,9})-(?P<id>[a-z0-9][a-z0-9-]*)\.yaml\Z")


@dataclass
class Sources:
    """Everything read for one tutorial, with the faults found so far."""

    faults: list[Fault] = field(default_factory=list)
    sections: list[TutorialSource] = field(default_factory=list)
    steps: list[StepSource] = field(default_factory=list)


def load_tutorial(path: Path) -> Tutorial:
    """The tutorial in the folder `path`.

    Raises:
        StepFileError: a file has faults; `what` lists them all, one a line, as
            `file:line:column: what is wrong; what to write instead`.
    """
    tutorial, sources = read_tutorial(path)
    if tutorial is None or sources.faults:
        raise step_file_error(sources.faults, path)
    return tutorial


def step_file_error(faults: list[Fault], path: Path) -> StepFileError:
    """The error that lists `faults`."""
    return StepFileError(
        "\n".join(map(str, faults)), do=f"Correct the files, then: egress-tutorial lint {path}"
    )


def read_tutorial(path: Path) -> tuple[Tutorial | None, Sources]:
    """The tutorial in the folder `path` as far as it can be read, and what it was read from."""
    sources = Sources()
    main = read_tutorial_file(path, sources.faults)
    if main is None:
        return None, sources
    if main.section_only:
        write = "run a tutorial that includes it, or remove section_only"
        sources.faults.append(Fault(main.place, "this folder is only for inclusion in others", write))
    _read_sections(main, sources)
    for section in sources.sections:
        _read_steps(section, sources)
    variables = _merge_variables(main, sources)
    for section in _all_sources(main, sources):
        check_section(section.mapping, variables, sources.faults)
    files = _merge_files(main, sources)
    if not sources.steps and not sources.faults:
        sources.faults.append(
            Fault(main.place, "the tutorial has no steps", "write a file such as 10-first.yaml")
        )
    check_rules(sources.steps, variables, sources.faults)
    tutorial = Tutorial(
        name=path.resolve().name,
        path=path,
        title=main.title,
        summary=main.summary,
        requires=main.requires,
        variables=variables,
        sections={_section_name(section): section.title for section in sources.sections},
        steps=tuple(source.step for source in sources.steps),
        files=files,
        adapted_values=_merge_adapted_values(main, sources),
        outside=tuple(each for section in _all_sources(main, sources) for each in section.outside),
        sidecars=tuple(each for section in _all_sources(main, sources) for each in section.sidecars),
    )
    return tutorial, sources


def _section_name(section: TutorialSource) -> str:
    return section.folder.resolve().name


def _read_sections(main: TutorialSource, sources: Sources) -> None:
    for name in main.include:
        if name.text == HERE:
            sources.sections.append(main)
            continue
        folder = main.folder.resolve().parent / name.text
        if not has_tutorial_file(folder):
            write = f"write the name of a folder that holds a {FILE_NAME}"
            sources.faults.append(
                Fault(name.place, f'there is no folder "{name.text}" beside this one', write)
            )
        elif (section := read_tutorial_file(folder, sources.faults)) is not None:
            sources.sections.append(section)


def _read_steps(section: TutorialSource, sources: Sources) -> None:
    for path, step_id in _step_files(section.folder, sources.faults):
        if len(sources.steps) >= MAX_STEPS:
            place = Location(path, 1, 1)
            sources.faults.append(Fault(place, f"is step {MAX_STEPS + 1}", "split the tutorial"))
            return
        source = read_step(path, step_id, _section_name(section), sources.faults)
        if source is not None:
            sources.steps.append(source)


def _step_files(folder: Path, faults: list[Fault]) -> list[tuple[Path, str]]:
    """The step files of `folder` and their ids, in order."""
    found = []
    for path in _entries(folder, faults):
        if path.name == FILE_NAME or path.suffix not in (".yaml", ".yml") or path.name.startswith("."):
            continue
        name = _STEP_NAME.match(path.name)
        if name is None:
            write = (
                "name it such as 10-create-service.yaml: a number, a dash, small letters, digits and dashes"
            )
            faults.append(Fault(Location(path, 1, 1), "is not a step file's name", write))
        else:
            found.append((int(name["number"]), path, name["id"]))
    found.sort()
    for before, after in pairwise(found):
        if before[0] == after[0]:
            what = f"has the same number as {before[1].name}"
            faults.append(
                Fault(Location(after[1], 1, 1), what, "give it another, so that the order is clear")
            )
    return [(path, step_id) for _, path, step_id in found]


def _entries(folder: Path, faults: list[Fault]) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        what = f"cannot be listed: {error.strerror}"
        faults.append(Fault(Location(folder, 1, 1), what, "make it readable for you"))
        return []


def _merge_variables(main: TutorialSource, sources: Sources) -> dict[str, str]:
    merged: dict[str, str] = {}
    for section in _all_sources(main, sources):
        for name, value in section.variables.items():
            if merged.setdefault(name, value.text) != value.text:
                what = f'the variable "{name}" has another default ("{merged[name]}") in another section'
                sources.faults.append(Fault(value.place, what, "write the same default in both"))
    return merged


def _merge_adapted_values(main: TutorialSource, sources: Sources) -> dict[str, tuple[AdaptedValue, ...]]:
    """The first section that adapts a variable wins; all have the same default."""
    merged: dict[str, tuple[AdaptedValue, ...]] = {}
    for section in _all_sources(main, sources):
        for name, values in section.adapted_values.items():
            merged.setdefault(name, values)
    return merged


def _merge_files(main: TutorialSource, sources: Sources) -> Path | None:
    merged: Path | None = None
    for section in _all_sources(main, sources):
        if section.files is None:
            continue
        if merged not in (None, section.files):
            place = section.files_place or section.place
            sources.faults.append(Fault(place, f"another section's files are in {merged}", "use one folder"))
        merged = merged or section.files
    return merged


def _all_sources(main: TutorialSource, sources: Sources) -> list[TutorialSource]:
    """The sections in order, and the tutorial's own file when its folder is not one of them."""
    return sources.sections if main in sources.sections else [main, *sources.sections]
