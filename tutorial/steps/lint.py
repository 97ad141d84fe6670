"""Everything that can be told of a tutorial without running it: the loader's faults, and bash's.

Called by `egress-tutorial lint`, and by `run` before the first step.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tutorial.steps.faults import Fault
from tutorial.steps.loader import Sources, read_tutorial, step_file_error
from tutorial.steps.model import Tutorial
from tutorial.steps.step_file import StepSource
from tutorial.steps.yaml_nodes import Mapping, Node, Scalar, Sequence

__all__ = ["Fault", "lint_tutorial", "load_checked_tutorial"]

SYNTAX_SECONDS = 5.0
AT_ONCE = 8

_MESSAGE = re.compile(r"bash: line (\d+): (?:warning: )?(.*)")
_HEREDOC = re.compile(r"here-document at line (\d+) delimited by end-of-file \(wanted `(.*)'\)")


def lint_tutorial(path: Path) -> list[Fault]:
    """All faults of the tutorial in the folder `path`, in the order of files and lines."""
    return _all_faults(read_tutorial(path)[1])


def load_checked_tutorial(path: Path) -> Tutorial:
    """The tutorial in the folder `path`, its commands read by bash as well.

    Raises:
        StepFileError: it has faults; `what` lists them all, as `load_tutorial` does.
    """
    tutorial, sources = read_tutorial(path)
    faults = _all_faults(sources)
    if tutorial is None or faults:
        raise step_file_error(faults, path)
    return tutorial


def _all_faults(sources: Sources) -> list[Fault]:
    commands = [scalar for source in sources.steps for scalar in _commands(source)]
    commands += [scalar for section in sources.sections for scalar in _outside_commands(section.mapping)]
    faults = sources.faults + _syntax_faults(commands)
    return sorted(
        set(faults), key=lambda fault: (str(fault.location.path), fault.location.line, fault.location.column)
    )


def _commands(source: StepSource) -> Iterator[Scalar]:
    """Every text of the step that bash will run."""
    entries = source.mapping.entries
    for node in (entries.get("command"), entries.get("on_fail")):
        yield from _scalars(node)
    for parent, key in (("until", "command"), ("cleanup", "commands"), ("probe", "behind")):
        node = entries.get(parent)
        if isinstance(node, Mapping):
            yield from _scalars(node.entries.get(key))


def _outside_commands(mapping: Mapping) -> Iterator[Scalar]:
    node = mapping.entries.get("outside")
    for item in node.items if isinstance(node, Sequence) else ():
        if isinstance(item, Mapping):
            yield from _scalars(item.entries.get("command"))


def _scalars(node: Node | None) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        yield from (item for item in node.items if isinstance(item, Scalar))


def _syntax_faults(commands: list[Scalar]) -> list[Fault]:
    """What `bash -n` says of the commands; nothing where there is no bash."""
    bash = shutil.which("bash")
    if bash is None:
        return []
    faults = []
    for start in range(0, len(commands), AT_ONCE):
        batch = commands[start : start + AT_ONCE]
        started = [_start_check(bash) for _ in batch]
        for command, process in zip(batch, started, strict=True):
            said = _finish_check(process, command.text)
            if said:
                faults.append(_syntax_fault(command, said))
    return faults


def _start_check(bash: str) -> subprocess.Popen[str]:
    """A bash that will only parse its input."""
    return subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-n"],
        executable=bash,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={"LC_ALL": "C"},
    )


def _finish_check(process: subprocess.Popen[str], command: str) -> str:
    """What bash says on stderr: it exits with 0 after a mere warning."""
    with process:
        try:
            return process.communicate(command, timeout=SYNTAX_SECONDS)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            return "bash: line 1: takes too long to parse"


def _syntax_fault(command: Scalar, said: str) -> Fault:
    first = said.splitlines()[0]
    message = _MESSAGE.match(first)
    line, what = (int(message.group(1)), message.group(2)) if message else (1, first)
    heredoc = _HEREDOC.search(what)
    if heredoc:
        word = heredoc.group(2)
        place = command.place_at(_offset(command.text, int(heredoc.group(1))))
        write = f"end it with a line that holds only {word}, without spaces before or after"
        return Fault(place, f"the heredoc <<{word} is not ended", write)
    write = "look for a quote, a bracket or a word such as `fi` that is missing or too many"
    return Fault(
        command.place_at(_offset(command.text, line)), f"bash cannot read the command: {what}", write
    )


def _offset(text: str, line: int) -> int:
    """Where the line number `line` (from 1) begins in `text`, or its last line when it has fewer."""
    lines = text.rstrip("\n").split("\n")
    return sum(len(each) + 1 for each in lines[: min(line, len(lines)) - 1])
