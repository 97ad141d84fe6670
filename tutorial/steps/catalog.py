"""Finds tutorials: the bundled ones by name, any other by the path of its folder.

Called by the command line. Bundled tutorials are in the wheel as `tutorial/_steps`, and in a
checkout as `steps/`.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from tutorial.errors import UsageError
from tutorial.steps.faults import Fault
from tutorial.steps.tutorial_file import FILE_NAME, HERE, LAST, has_tutorial_file, read_tutorial_file

_PACKAGE = Path(__file__).resolve().parents[1]


def bundled_tutorials() -> list[Path]:
    """The folders of the bundled tutorials that can be run by name, in the order they ask for."""
    runnable = [folder for folder in _bundled_folders() if not is_section_only(folder)]
    return sorted(runnable, key=lambda folder: (_order(folder), folder.name))


def covering_tutorials() -> list[Path]:
    """As few of the bundled tutorials as take every section between them."""
    sections = {folder: _sections(folder) for folder in bundled_tutorials()}
    chosen: list[Path] = []
    for folder in sorted(sections, key=lambda each: -len(sections[each])):
        if not any(sections[folder] <= sections[other] for other in chosen):
            chosen.append(folder)
    return chosen


def find_tutorial(name_or_path: str) -> Path:
    """The folder of the tutorial that a person means by a bundled name or by a path.

    Raises:
        UsageError: there is none; with the nearest name, or the names that there are.
    """
    by_name = {folder.name: folder for folder in _bundled_folders()}
    if name_or_path in by_name:
        return _runnable(by_name[name_or_path])
    path = Path(name_or_path).expanduser()
    if path.name == FILE_NAME and path.is_file():
        path = path.parent
    if has_tutorial_file(path):
        return path
    if path.is_dir():
        raise UsageError(
            f'The folder "{name_or_path}" has no {FILE_NAME}.',
            do="Write one: a line `title: ...` is enough. See docs/step-files.md.",
        )
    raise _unknown(name_or_path)


def is_bundled(folder: Path) -> bool:
    """Whether the folder is one of those that come with the program."""
    return folder.resolve() in {each.resolve() for each in _bundled_folders()}


def is_section_only(folder: Path) -> bool:
    """Whether the folder is only for inclusion in others. A broken tutorial.yaml is not."""
    faults: list[Fault] = []
    source = read_tutorial_file(folder, faults)
    return source is not None and source.section_only


def _sections(folder: Path) -> set[str]:
    """The names of the folders that the tutorial takes, its own included."""
    source = read_tutorial_file(folder, [])
    included = [each.text for each in source.include] if source else []
    return {folder.name if name == HERE else name for name in included}


def _order(folder: Path) -> int:
    source = read_tutorial_file(folder, [])
    return LAST if source is None else source.order


def _bundled_folders() -> list[Path]:
    steps = _PACKAGE / "_steps"
    if not steps.is_dir():
        steps = _PACKAGE.parent / "steps"
    return sorted(file.parent for file in steps.glob(f"*/{FILE_NAME}"))


def _runnable(folder: Path) -> Path:
    if is_section_only(folder):
        raise UsageError(
            f'"{folder.name}" is a part of other tutorials and cannot be run alone.',
            do=_choices(),
        )
    return folder


def _unknown(name: str) -> UsageError:
    names = [folder.name for folder in bundled_tutorials()]
    near = difflib.get_close_matches(name.lower(), names, n=1)
    if near:
        return UsageError(f'There is no tutorial "{name}".', do=f'Did you mean "{near[0]}"? {_choices()}')
    return UsageError(f'There is no tutorial "{name}", and no such folder.', do=_choices())


def _choices() -> str:
    names = ", ".join(folder.name for folder in bundled_tutorials())
    return f"The tutorials are: {names}. Or give the path of a folder of your own steps."
